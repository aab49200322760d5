import { html, nothing, type TemplateResult } from 'lit';
import { NamespaceTypes, type Container, type Interface, type NamespaceType } from '../wire';
import { plural } from '../model/format';
import { holds, rowsOf, type Cell } from '../model/matrix';
import { joinProcesses, mapInWords } from '../model/sides';
import { store } from '../page';
import { badge } from '../parts/icons';
import { sentence } from '../parts/sentence';
import { linkOf } from '../tables/pieces';
import { addressOf } from './place';
import { cgroupOf, mostProcesses, siblings, type Answer, type Shown } from './pieces';

type Ask = (container: string, version: string) => Answer;

/** One type of namespace: a box for each number, and in it all who have that number. */
export function namespaceView(type: NamespaceType, shown: Shown[], ask: Ask): TemplateResult {
  const host = store.topology?.host.namespaces ?? [];
  const row = rowsOf(host, shown.map((one) => one.container?.namespaces)).find((one) => one.type === type)!;
  const groups = row.cells.filter((cell) => cell.state === 'known' && cell.group[0] === cell.column);
  const unread = row.cells.filter((cell) => cell.state === 'unknown');
  const first = ask('host', '');
  return html`${siblings(NamespaceTypes.map((one) => ({ href: addressOf('namespaces', one), name: one, word: holds[one]!, kind: `ns-${one}` })), type, 'Namespace types')}
    <div class="zoom-main"><p class="zoom-says">${first.found?.means ?? nothing} ${plural(groups.length, 'number')} here${groups.length < row.cells.length - unread.length ? ', so some share one' : ''}.</p>
    <div class="spaces" data-count=${groups.length + unread.length}>${groups.map((cell) => group(cell, type, shown, ask))}
      ${unread.map((cell) => html`<section class="box space unread" aria-label="unknown"><h4 class="legend"><b>unknown</b></h4>${member(cell.column, type, shown, ask, cell.reason)}</section>`)}</div></div>`;
}

function group(cell: Cell, type: NamespaceType, shown: Shown[], ask: Ask): TemplateResult {
  const whose = cell.tone === 0 && cell.group[0] === 0 ? (store.topology?.host.namespaces.find((one) => one.type === type)?.initial ? 'the host’s, there since boot' : 'the host’s') : cell.group.length > 1 ? `shared by ${cell.group.length}` : 'its own';
  return html`<section class="box space ns-${type} tone-${cell.tone}" aria-label=${`Namespace ${cell.inode}`}>
    <h4 class="legend"><i class="swatch"></i><b class="mono">${cell.inode}</b> <em title=${whose}>${whose}</em></h4>
    <div class="members">${cell.group.map((column) => member(column, type, shown, ask, ''))}</div>${content(type, cell, shown)}</section>`;
}

/** One who has the number: the link that says so, and the processes behind it. */
function member(column: number, type: NamespaceType, shown: Shown[], ask: Ask, reason: string): TemplateResult {
  const one = shown[column - 1];
  const name = one?.name ?? 'host';
  const link = one ? linkOf(one.container, type) : undefined;
  const { found, problem } = ask(name, `${one?.container?.id ?? ''}${link?.inode ?? ''}`);
  return html`<div class="member ${one?.over ? 'ended' : ''}"><h5>${one ? html`${badge(one.n)}<a href=${addressOf('container', one.name)}>${one.title}</a>` : html`<span>Host</span>`}${one?.over ? html`<em>ended: as it last was</em>` : nothing}</h5>
    ${found ? html`<p class="link"><span class="path">${found.path}</span> <b>${found.raw || found.reason || reason}</b></p><porthole-command .command=${found.command}></porthole-command>` : html`<p class="quiet">${reason || problem || 'Reading…'}</p>`}
    ${one ? processes(one.container!) : nothing}</div>`;
}

function processes(container: Container): TemplateResult | typeof nothing {
  const rows = joinProcesses(container.inside?.processes, container.outside?.processes, linkOf(container, 'pid')?.relation === 'host');
  if (!rows.length) return nothing;
  return html`<table class="pairs"><thead><tr><th scope="col">PID inside</th><td></td><th scope="col">on the host</th><th scope="col">command</th></tr></thead>
    <tbody>${rows.slice(0, mostProcesses).map((row) => html`<tr><td>${row.inside ?? '–'}</td><td aria-hidden="true">=</td><td>${row.host ?? '–'}</td><td>${sentence(row.command)}</td></tr>`)}
    ${rows.length > mostProcesses ? html`<tr><td colspan="4" class="quiet">${rows.length - mostProcesses} more</td></tr>` : nothing}</tbody></table>`;
}

/** What is in the namespace, as one who is in it sees it. */
function content(type: NamespaceType, cell: Cell, shown: Shown[]): TemplateResult | typeof nothing {
  const container = shown[(cell.group.find((column) => column > 0) ?? 0) - 1]?.container;
  const host = store.topology?.host;
  const words: (string | undefined)[] = (() => {
    switch (type) {
      case 'uts': return [cell.group[0] === 0 ? host?.hostname : container?.inside?.hostname];
      case 'net': return container?.inside?.interfaces?.map(wire) ?? [];
      case 'user': return [container?.security?.uidMap, mapInWords(container?.security?.uidMap)];
      case 'ipc': return container?.inside?.segmentsKnown ? [plural(container.inside.segments?.length ?? 0, 'shared memory segment')] : [];
      case 'mnt': return container?.inside?.mounts || container?.outside?.mounts ? [plural((container.inside?.mounts ?? container.outside?.mounts)!.length, 'mount'), container.layers?.upper && `/ is ${container.layers.upper}`] : [];
      case 'cgroup': return container && cell.group[0] !== 0 ? [cgroupOf(container)] : [];
      default: return [];
    }
  })();
  const known = words.filter(Boolean);
  return known.length ? html`<ul class="holds mono" aria-label="What it holds">${known.map((word) => html`<li>${word}</li>`)}</ul>` : nothing;
}

function wire(one: Interface): string {
  return `${one.name} ${one.addresses?.filter((address) => !address.startsWith('fe80')).join(' ') ?? ''}`;
}
