import { html, nothing, type TemplateResult } from 'lit';
import type { Container, NamespaceType } from '../wire';
import { joinProcesses, mapInWords, mountRows, segmentKey } from '../model/sides';
import { plural, size } from '../model/format';
import { store } from '../page';
import { porthole } from '../parts/icons';
import { figure, linkOf, unknown } from '../tables/pieces';
import { addressOf, controllers } from './place';
import { cgroupOf, mostProcesses, over, type Shown } from './pieces';

/** A line of the wall: what the container sees, and what the host sees of the same. */
type Line = [inside: unknown, host: unknown, more?: unknown];

/** A container from both sides of its wall, namespace by namespace. */
export function containerView(one: Shown, shown: Shown[]): TemplateResult {
  const container = one.container!;
  const row = (type: NamespaceType, word: string, lines: Line[]): TemplateResult => block(container, type, word, lines, shown);
  return html`<div class="zoom-main">${over(one)}
    <div class="sides-of ${one.over ? 'ended' : ''}" role="table" aria-label="What the container sees, and what the host sees of it">
      <div class="side-row heads" role="row"><span role="columnheader"><span class="unseen">what</span></span><span class="side-in" role="columnheader">inside sees</span><span class="gap" role="presentation"></span><span class="side-out" role="columnheader">host sees</span><span role="columnheader">namespace</span></div>
      ${row('pid', 'processes', processes(container))}${row('uts', 'hostname', [[container.inside?.hostname, container.outside?.hostname ?? store.topology?.host.hostname]])}
      ${row('net', 'interfaces', interfaces(container))}${row('mnt', 'file tree', mounts(container))}${row('user', 'users', users(container))}${row('ipc', 'shared memory', segments(container))}
      ${row('cgroup', 'cgroup', [[undefined, cgroupOf(container)]])}
      ${kernel(container)}
    </div>
    ${rights(container)}
    <p class="zoom-on">Its limits and counters: ${controllers.map((each) => html`<a class="mono" href=${addressOf('cgroups', each, one.name)}>${each}</a> `)}</p>
    ${one.foreign ? html`<p class="whose">Porthole did not start this container, and only looks at it. Nobody reports from inside, and of its processes’ commands only the names are read.</p>`
      : container.command ? html`<porthole-command .command=${container.command}></porthole-command>` : nothing}</div>`;
}

function block(container: Container, type: NamespaceType, word: string, lines: Line[], shown: Shown[]): TemplateResult {
  const link = linkOf(container, type);
  const opened = link?.relation === 'host' ? 'open' : '';
  const partners = (link?.sharedWith ?? []).map((name) => shown.find((each) => each.name === name)?.n).filter(Boolean);
  const whose = !link || link.relation === 'unknown' ? `unknown${link?.reason ? `, ${link.reason}` : ''}` : link.relation === 'host' ? 'the host’s own' : link.relation === 'own' ? 'its own' : `one with ${partners.join(', ')}`;
  const all: Line[] = lines.length ? lines : [[undefined, undefined]];
  return html`${all.map(([inside, host, more], i) => html`<div class="side-row ns-${type} ${opened} ${i ? '' : 'first'} ${i === all.length - 1 ? 'last' : ''}" role="row">
    <span class="side-name" role=${i ? 'cell' : 'rowheader'}>${i ? nothing : html`<i></i><a href=${addressOf('namespaces', type)}>${word}</a>`}</span>
    <span class="side-in" role="cell">${inside ?? unknown}</span><span class="gap" role="presentation">${type === 'pid' && i === 0 ? porthole : nothing}</span><span class="side-out" role="cell">${host ?? unknown}${more ? html`<small>${more}</small>` : nothing}</span>
    <span class="side-link" role="cell">${i ? nothing : html`${figure(container, `namespace.${type}`, link?.inode, `${type} namespace`)} <small>${whose}</small>`}</span></div>`)}`;
}

function processes(container: Container): Line[] {
  const rows = joinProcesses(container.inside?.processes, container.outside?.processes, linkOf(container, 'pid')?.relation === 'host');
  const lines = rows.slice(0, mostProcesses).map((row): Line => [html`<b>${row.inside ?? '–'}</b>`, html`<b>${row.host ?? 'ended'}</b>`, row.command]);
  if (!lines.length && container.pid) lines.push([container.inside?.pid, container.pid]);
  return rows.length > mostProcesses ? [...lines, [`${rows.length - mostProcesses} more`, '']] : lines;
}

function interfaces(container: Container): Line[] {
  const found = container.inside?.interfaces;
  if (!found) return (container.foreign ? (container.outside?.interfaces ?? []) : []).map((each) => [undefined, each.name]);
  const same = linkOf(container, 'net')?.relation === 'host';
  const ends = [...(container.outside?.interfaces ?? [])];
  const lines = found.slice(0, mostProcesses).map((each): Line => [html`${each.name} ${each.addresses?.filter((address) => !address.startsWith('fe80')).join(' ') ?? nothing}`, same ? 'the same interface' : each.name === 'lo' ? 'stays inside' : (ends.shift()?.name ?? 'no wire')]);
  return lines.length ? lines : [['none', 'no wire']];
}

function mounts(container: Container): Line[] {
  const { first, rest } = mountRows(container);
  const lines = first.map((each): Line => [html`${each.path} <small>${each.type}${each.readOnly ? ', read-only' : ''}</small>`, each.host || each.what, each.host ? each.what : undefined]);
  return rest.length ? [...lines, [`${rest.length} more`, 'of the kernel and the engine']] : lines;
}

function users(container: Container): Line[] {
  const map = container.security?.uidMap;
  const lines: Line[] = [[container.inside?.uid, container.outside?.uid]];
  return map ? [...lines, [figure(container, 'uidMap', map, 'the map of users'), mapInWords(map)]] : lines;
}

function segments(container: Container): Line[] {
  const found = container.inside?.segments ?? (container.inside?.segmentsKnown ? [] : undefined);
  if (!found) return [];
  const known = container.outside?.segmentsKnown || container.outside?.segments;
  const lines = found.slice(0, mostProcesses).map((each): Line => [html`${segmentKey(each)} <small>${size(each.bytes)}</small>`, known ? (container.outside?.segments?.some((other) => other.key === each.key && other.bytes === each.bytes) ? 'the same one' : 'no such key') : undefined]);
  return lines.length ? lines : [['no segment', known ? plural(container.outside?.segments?.length ?? 0, 'segment') : undefined]];
}

/** No namespace stands between a container and its kernel. */
function kernel(container: Container): TemplateResult {
  const host = container.outside?.kernel ?? store.topology?.host.kernel;
  return html`<div class="side-row first last open one-kernel" role="row"><span class="side-name" role="rowheader"><i></i><span>kernel</span></span><span class="side-in" role="cell">${container.inside?.kernel ?? unknown}</span><span class="gap" role="presentation"></span><span class="side-out" role="cell">${host ?? unknown}</span><span class="side-link" role="cell"><small class="alone">no namespace: there is one kernel</small></span></div>`;
}

function rights(container: Container): TemplateResult | typeof nothing {
  const found = container.security;
  if (!found) return nothing;
  const mode = ['off', 'strict', 'filter'][found.seccomp ?? -1];
  const fact = (word: string, value: unknown): TemplateResult | typeof nothing => (value === undefined ? nothing : html`<div><dt>${word}</dt><dd>${value}</dd></div>`);
  return html`<dl class="rights-of" aria-label="Rights of the first process">
    ${fact('capabilities', found.capabilities === undefined ? undefined : figure(container, 'capEff', `${found.capabilities} of ${found.capabilitiesKnown ?? '?'}`, 'capabilities'))}
    ${fact('CapEff', found.capEff && html`<span class="mono">${found.capEff}</span>`)}
    ${fact('NoNewPrivs', found.noNewPrivs === undefined ? undefined : figure(container, 'noNewPrivs', found.noNewPrivs, 'NoNewPrivs'))}
    ${fact('Seccomp', found.seccomp === undefined ? undefined : html`${figure(container, 'seccomp', found.seccomp, 'Seccomp')} ${mode}`)}
    ${fact('root filesystem', found.readOnlyRoot === undefined ? undefined : found.readOnlyRoot ? 'read-only' : 'can be written')}
    ${fact('AppArmor', found.appArmor)}</dl>`;
}

