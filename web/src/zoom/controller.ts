import { html, nothing, type TemplateResult } from 'lit';
import type { CgroupMode, Limit, Provenance } from '../wire';
import type { Column } from '../model/columns';
import { moment } from '../model/format';
import { store } from '../page';
import { badge } from '../parts/icons';
import { addressOf, controllers, type Controller } from './place';
import { over, siblings, type Answer, type Shown } from './pieces';

/** One thing that a controller's files hold, under the names of both versions. */
interface Fact {
  /** The name under which the server explains it. */
  field: string;
  /** The limit it is, in wire.Limits; empty for a counter. */
  limit: string;
  v1: Standing;
  v2: Standing;
}

interface Standing { file: string; key: string; unit: string }

const words: Record<Controller, string> = { cpu: 'processor time', memory: 'bytes', pids: 'processes, threads', io: 'block devices' };

/** One controller: its graphs, and below them each of its files as the kernel holds it. */
export function controllerView(controller: Controller, one: Shown | undefined, bands: Column[][], ask: (container: string, field: string) => Answer): TemplateResult {
  const mode = store.topology?.host.cgroupMode ?? 'v2';
  const files = filesOf(controller, mode);
  const answers = one ? [...files.values()].map((facts) => ask(one.name, facts[0]!.field)) : [];
  const folder = answers.find((answer) => answer.found?.path)?.found?.path.replace(/\/[^/]+$/, '');
  const some = bands.flat().filter((column) => column.container);
  return html`${siblings(controllers.map((each) => ({ href: addressOf('cgroups', each, ...(one ? [one.name] : [])), name: each, word: words[each] })), controller, 'Controllers')}
    <div class="zoom-main">${bands.map((band) => html`<porthole-cgroups .columns=${band} .rows=${[controller]}></porthole-cgroups>`)}
    ${one ? html`<div class="files-of"><span>Files of</span><nav aria-label="Whose files">${(some.includes(one) || some.some((each) => each.name === one.name) ? some : [...some, one]).map((each) => html`<a href=${addressOf('cgroups', controller, each.name)} aria-current=${each.name === one.name ? 'true' : 'false'}>${badge(each.n)}<span>${each.title}</span></a>`)}</nav><span class="mono path">${folder ?? ''}</span></div>${over(one)}
      <div class="files">${[...files].map(([name, facts], i) => file(name, facts, answers[i]!, one, mode))}</div>`
      : html`<p class="zoom-missing" role="status">No container runs: there is no group whose files could be read. These are the files.</p><div class="files">${[...files].map(([name, facts]) => file(name, facts, {}, undefined, mode))}</div>`}</div>`;
}

/** The controller's files by the name that they have on this host, each with what it holds. */
function filesOf(controller: Controller, mode: CgroupMode): Map<string, Fact[]> {
  const host = store.topology?.host;
  const facts: Fact[] = [
    ...(host?.cgroupFiles ?? []).filter((one) => one.limit.startsWith(controller)).map((one): Fact => ({ field: one.source, limit: one.limit, v1: { file: one.v1File, key: '', unit: one.v1Unit }, v2: { file: one.v2File, key: '', unit: one.v2Unit } })),
    ...(host?.counterFiles ?? []).filter((one) => one.controller === controller).map((one): Fact => ({ field: one.counter, limit: '', v1: { file: one.v1File ?? '', key: one.v1Key ?? '', unit: one.v1Unit ?? '' }, v2: { file: one.v2File, key: one.v2Key ?? '', unit: one.v2Unit } })),
  ];
  const files = new Map<string, Fact[]>();
  for (const fact of facts) {
    const name = here(fact, mode).file;
    files.set(name, [...(files.get(name) ?? []), fact]);
  }
  return files;
}

/** Where it stands on this host: pressure is v2's even beside v1. */
function here(fact: Fact, mode: CgroupMode): Standing {
  return mode === 'v2' || !fact.v1.file ? fact.v2 : fact.v1;
}

function file(name: string, facts: Fact[], answer: Answer, one: Shown | undefined, mode: CgroupMode): TemplateResult {
  const { found, problem } = answer;
  // Reading can have chosen another file than the usual one.
  const real = found?.path.split('/').at(-1) ?? name;
  const limit = (one?.container?.limits as Record<string, Limit | undefined> | undefined)?.[facts[0]!.limit];
  const two = here(facts[0]!, mode) === facts[0]!.v2;
  return html`<section class="box file" aria-label=${real}><h4 class="legend"><b class="mono" title=${real}>${real}</b>${limit?.asked ? html`<em class="mono">${limit.asked}</em>` : nothing}</h4>
    <table class="rosetta"><thead><tr><th scope="col" class=${two ? '' : 'ours'}>cgroup v1${two ? nothing : html`<i>this host</i>`}</th><th scope="col" class=${two ? 'ours' : ''}>cgroup v2${two ? html`<i>this host</i>` : nothing}</th></tr></thead>
      <tbody>${facts.map((fact) => html`<tr>${standing(fact.v1, !two)}${standing(fact.v2, two)}</tr>`)}</tbody></table>
    ${found ? html`<pre tabindex="0" role="group" aria-label=${`Content of ${real}`}>${found.raw ? marked(found.raw, facts.map((fact) => here(fact, mode).key)) : html`<span class="quiet">${found.reason || 'The file is empty.'}</span>`}</pre>
      <porthole-command .command=${found.command}></porthole-command>${old(found, problem)}` : html`<p class="quiet">${problem || (one ? 'Reading…' : nothing)}</p>`}</section>`;
}

function standing({ file: name, key, unit }: Standing, ours: boolean): TemplateResult {
  return html`<td class=${ours ? 'ours' : ''}>${name ? html`<span class="mono">${name.split(/(?<=[._])/).map((part) => html`${part}<wbr>`)}${key ? html` <b>${key}</b>` : nothing}</span><small>${unit}</small>` : html`<span class="quiet">has none</span>`}</td>`;
}

/** A content that could not be read again says from when it is. */
function old(found: Provenance, problem: string | undefined): TemplateResult | typeof nothing {
  return problem ? html`<p class="zoom-old">${problem} Last read at ${moment(found.readAt)}.</p>` : nothing;
}

/** The lines that the figures stand in are marked; long files keep those first. */
function marked(raw: string, keys: string[]): TemplateResult[] {
  const lines = raw.replace(/\n$/, '').split('\n');
  const told = (line: string): boolean => keys.some((key) => key && new RegExp(`(^|\\s)${key}[ =]`).test(line));
  return lines.map((line) => (told(line) ? html`<mark>${line}</mark>\n` : html`${line}\n`));
}
