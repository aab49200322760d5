import { html, nothing, type TemplateResult } from 'lit';
import type { Container, File as WireFile, Interface } from '../wire';
import { size } from '../model/format';
import { joinProcesses, mapInWords, mountRows, segmentKey, type MountRow } from '../model/sides';
import { store } from '../page';
import type { Watched } from '../graphs/observe';
import { sentence } from '../parts/sentence';
import { breakable, figure, hostPath, linkOf, nameOf, open, sheet, unknown, unread, waiting, wall, walled, whose } from './pieces';

/** Rows of one container: its name stands beside the first. */
function grouped(one: Watched, rows: ((first: TemplateResult) => TemplateResult)[]): TemplateResult {
  return html`<tbody>${rows.map((row, i) => row(i === 0 ? html`<th scope="rowgroup" rowspan=${rows.length}>${nameOf(one)}</th>` : html``))}</tbody>`;
}

export function processes(watched: Watched[]): TemplateResult {
  return sheet('Processes, inside and on the host', html`${walled([['PID inside', 14]], [['PID on the host', 17.5]], [['command']])}
    ${watched.map((one) => {
      const rows = joinProcesses(one.container?.inside?.processes, one.container?.outside?.processes, linkOf(one.container, 'pid')?.relation === 'host');
      const over = one.container?.state === 'exited' || one.container?.state === 'removed';
      const room = over ? 1 : expectedProcesses(one.command);
      if (!rows.length) return html`<tbody>${waiting(one, 4, room)}</tbody>`;
      const opened = open(one.container, 'pid');
      const others = opened || asksForHost(one.command);
      return grouped(one, rows.slice(0, mostRows).map((row) => (first: TemplateResult): TemplateResult => html`<tr>${first}<td class="in number big ${opened}">${row.inside ?? unknown}</td>${wall(opened)}<td class="out number big ${opened}">${row.host ?? html`<span class="quiet">ended</span>`}</td>${others ? html`<td class="last mono line" title=${row.command}>${row.command}</td>` : html`<td class="last mono wide">${sentence(row.command)}</td>`}</tr>`).concat(more(rows.length, 1), Array.from({ length: Math.max(0, room - rows.length) }, () => () => html`<tr class="waiting"><td colspan="4">\u00a0</td></tr>`)));
    })}`);
}

/** Whether its processes will be all of the host's, before the kernel has said so. */
function asksForHost(command = ''): boolean {
  return / --pid host /.test(command);
}

/** How many rows a command will fill at least, so that they have their room before. */
function expectedProcesses(command = ''): number {
  if (asksForHost(command)) return mostRows + 1;
  return Math.min(mostRows, 1 + Number(/ spawn .*--count (\d+)/.exec(command)?.[1] ?? 0));
}

/** A fork bomb has hundreds of processes; its first ones tell enough. */
const mostRows = 8;

/** The row that says how many are left out. */
function more(count: number, columns: number, shown = mostRows): ((first: TemplateResult) => TemplateResult)[] {
  return count > shown ? [(first) => html`<tr>${first}<td class="in quiet" colspan=${columns}>${count - shown} more</td>${wall()}<td class="out" colspan="2"></td></tr>`] : [];
}

function reached(one: Interface): boolean {
  return Boolean(one.addresses?.some((address) => !address.startsWith('fe80')));
}

/** Its addresses; those of the link alone only where it has no others. */
function addresses(one: Interface): (string | typeof unknown)[] {
  const all = one.addresses ?? [];
  return reached(one) ? all.filter((address) => !address.startsWith('fe80')) : all.length ? all : [unknown];
}

export function interfaces(watched: Watched[]): TemplateResult {
  return sheet('Network interfaces, inside and on the host', html`${walled([['interface inside', 13], ['address', 20]], [['the host’s end of it', 24]], [['network namespace']])}
    ${watched.map((one) => {
      const { container } = one;
      const found = container?.inside?.interfaces;
      if (!found) return html`<tbody>${waiting(one, 5, / --network none /.test(one.command ?? '') ? 1 : / --network host /.test(one.command ?? '') ? 4 : 2)}</tbody>`;
      const opened = open(container, 'net');
      const ends = [...(container?.outside?.interfaces ?? [])];
      // Those that carry an address say most.
      const rows = found.length ? [...found].sort((a, b) => Number(reached(b)) - Number(reached(a))) : [{ name: 'none' }];
      const shown = opened ? rows.filter(reached).slice(0, 3) : rows.slice(0, mostRows);
      return grouped(one, shown.map((each, i) => (first: TemplateResult): TemplateResult => {
        const end = each.name === 'lo' ? undefined : ends.shift();
        const host = opened ? 'the same interface' : each.name === 'lo' ? 'stays inside' : (end?.name ?? 'no wire');
        return html`<tr>${first}<td class="in mono ${opened}">${each.name}</td><td class="in mono ${opened}">${addresses(each).map((address) => html`<div>${address}</div>`)}</td>${wall(opened)}
          <td class="out ${end ? 'mono' : ''} ${opened}">${host}</td><td class="last">${i === 0 ? html`${figure(container, 'namespace.net', inode(container, 'net'), 'network namespace')} <span class="quiet">${whose(container, 'net', watched)}</span>` : nothing}</td></tr>`;
      }).concat(more(rows.length, 2, shown.length)));
    })}`);
}

export function hostnames(watched: Watched[]): TemplateResult {
  const host = store.topology?.host;
  return sheet('Hostnames, inside and on the host', html`${walled([['hostname inside', 19], ['kernel inside', 14]], [['hostname of the host', 16], ['kernel of the host', 15]], [['UTS namespace']])}
    <tbody>${watched.map((one) => {
      const { container } = one;
      if (!container?.inside) return waiting(one, 6);
      const opened = open(container, 'uts');
      return html`<tr><th scope="row">${nameOf(one)}</th><td class="in mono ${opened}">${figure(container, 'namespace.uts', container.inside.hostname, 'hostname inside')}</td><td class="in mono ${opened}">${container.inside.kernel ?? unknown}</td>${wall(opened)}
        <td class="out mono ${opened}">${container.outside?.hostname ?? host?.hostname ?? unknown}</td><td class="out mono ${opened}">${container.outside?.kernel ?? host?.kernel ?? unknown}</td>
        <td class="last">${figure(container, 'namespace.uts', inode(container, 'uts'), 'UTS namespace')} <span class="quiet">${whose(container, 'uts', watched)}</span></td></tr>`;
    })}</tbody>`);
}

export function users(watched: Watched[]): TemplateResult {
  return sheet('Users, inside and on the host', html`${walled([['uid inside', 13]], [['uid on the host', 17]], [['uid_map', 33], ['user namespace']])}
    <tbody>${watched.map((one) => {
      const { container } = one;
      const map = container?.security?.uidMap;
      if (container?.inside?.uid === undefined && container?.outside?.uid === undefined) return waiting(one, 5);
      const opened = open(container, 'user');
      return html`<tr><th scope="row">${nameOf(one)}</th><td class="in number big ${opened}">${figure(container, 'uid', container.inside?.uid, 'uid inside')}</td>${wall(opened)}<td class="out number big ${opened}">${figure(container, 'uid', container.outside?.uid, 'uid on the host')}</td>
        <td class="last">${figure(container, 'uidMap', map, 'the map of users')}${map ? html`<div class="quiet">${mapInWords(map)}</div>` : nothing}</td>
        <td class="last">${figure(container, 'namespace.user', inode(container, 'user'), 'user namespace')} <span class="quiet">${whose(container, 'user', watched)}</span></td></tr>`;
    })}</tbody>`);
}

export function segments(watched: Watched[]): TemplateResult {
  return sheet('Shared memory segments, inside and on the host', html`${walled([['key', 15.5], ['id', 6.5], ['size', 10], ['attached', 10]], [['does the host see it', 16]], [['IPC namespace']])}
    ${watched.map((one) => {
      const { container } = one;
      const found = container?.inside?.segments ?? (container?.inside?.segmentsKnown ? [] : undefined);
      if (!found) return html`<tbody>${waiting(one, 7)}</tbody>`;
      const opened = open(container, 'ipc');
      const namespace = html`${figure(container, 'namespace.ipc', inode(container, 'ipc'), 'IPC namespace')} <span class="quiet">${whose(container, 'ipc', watched)}</span>`;
      if (!found.length) return html`<tbody><tr><th scope="row">${nameOf(one)}</th><td class="in quiet ${opened}" colspan="4">sees no segment</td>${wall(opened)}<td class="out ${opened}">${unknown}</td><td class="last">${namespace}</td></tr></tbody>`;
      return grouped(one, found.map((segment, i) => (first) => {
        const outside = container?.outside;
        const known = outside?.segmentsKnown || outside?.segments;
        const seen = outside?.segments?.some((each) => each.key === segment.key && each.bytes === segment.bytes);
        return html`<tr>${first}<td class="in mono ${opened}">${segmentKey(segment)}</td><td class="in number ${opened}">${segment.id}</td><td class="in number ${opened}">${size(segment.bytes)}</td><td class="in number ${opened}">${segment.attached}</td>${wall(opened)}
          <td class="out ${opened}">${known ? (seen ? 'yes, the same' : 'no such key') : unknown}</td><td class="last">${i === 0 ? namespace : nothing}</td></tr>`;
      }));
    })}`);
}

export function security(watched: Watched[]): TemplateResult {
  return sheet('Rights of the first process', html`<thead><tr><th scope="col">container</th><th scope="col" class="number">capabilities</th><th scope="col">CapEff</th><th scope="col" class="number">NoNewPrivs</th><th scope="col">Seccomp</th><th scope="col">root filesystem</th><th scope="col">AppArmor</th></tr></thead>
    <tbody>${watched.map((one) => {
      const found = one.container?.security;
      if (!found) return waiting(one, 6);
      const { container } = one;
      const mode = found.seccomp === undefined ? undefined : ['off', 'strict', 'filter'][found.seccomp] ?? '';
      return html`<tr><th scope="row">${nameOf(one)}</th><td class="number" data-label="capabilities">${figure(container, 'capEff', found.capabilities === undefined ? undefined : `${found.capabilities} of ${found.capabilitiesKnown ?? '?'}`, 'capabilities')}</td>
        <td class="mono" data-label="CapEff">${found.capEff ?? unknown}</td><td class="number" data-label="NoNewPrivs">${figure(container, 'noNewPrivs', found.noNewPrivs, 'NoNewPrivs')}</td><td data-label="Seccomp">${figure(container, 'seccomp', found.seccomp, 'Seccomp')} <span class="quiet">${mode ?? nothing}</span></td>
        <td data-label="root filesystem">${found.readOnlyRoot === undefined ? unknown : found.readOnlyRoot ? 'read-only' : 'can be written'}</td><td class="mono" data-label="AppArmor">${found.appArmor || unknown}</td></tr>`;
    })}</tbody>`);
}

export function mounts(watched: Watched[]): TemplateResult {
  return html`${sheet('Mounts, inside and on the host', html`${walled([['path inside', 30], ['type', 15.5]], [['where that is on the host']])}
    ${watched.map((one) => {
      const { container } = one;
      if (!container?.inside?.mounts && !container?.outside?.mounts) return grouped(one, expected(one).map(([path, room]) => (name) => html`<tr class="waiting ${room}">${name}<td class="in mono">${breakable(path, /(?<=[,{])/)}</td><td class="in">${unknown}</td>${wall()}<td class="out"><span class="quiet">${unread(container)}</span></td></tr>`));
      const { first, rest } = mountRows(container);
      const row = (mount: MountRow) => (name: TemplateResult): TemplateResult => html`<tr class=${roomOf(mount)}>${name}<td class="in mono">${breakable(mount.path, /(?<=[,{])/)}</td><td class="in">${mount.type}${mount.readOnly ? html` <span class="quiet">read-only</span>` : nothing}</td>${wall()}<td class="out"><span class="quiet">${mount.what}</span>${mount.host ? html` ${hostPath(mount.host)}` : nothing}</td></tr>`;
      return grouped(one, [...first.map(row), ...(rest.length ? [(name: TemplateResult) => html`<tr>${name}<td class="in quiet" colspan="2">${rest.length} more</td>${wall()}<td class="out quiet">of the kernel and the engine</td></tr>`] : [])]);
    })}`)}${files(watched)}`;
}

/** The room that a mount's place on the host takes, the same before it is known. */
type Room = '' | 'two' | 'volume';

function roomOf(mount: MountRow): Room {
  return mount.what === 'a folder of the host' ? 'volume' : mount.host ? 'two' : '';
}

/** What the table of a container that is still to come will have at least. */
function expected(one: Watched): [path: string, room: Room][] {
  const volumes = [...(one.command ?? '').matchAll(/--volume \S+?:(\/[^\s:]+)/g)].map((found): [string, Room] => [found[1]!, 'volume']);
  return [['/', 'two'], ['/proc', ''], ['/dev', ''], ['/sys', ''], ...volumes, ['/etc/{resolv.conf,hostname,hosts}', 'two'], ['more', '']];
}

/** The files that a workload has written, and whether the host has them under the same name. */
function files(watched: Watched[]): TemplateResult | typeof nothing {
  const some = watched.filter((one) => one.container?.inside?.files?.length || (!one.container && paths(one).length));
  if (!some.length) return nothing;
  return sheet('Files, inside and on the host', html`${walled([['file inside', 24], ['size', 10]], [['at that path on the host', 14], ['where the host keeps it']])}
    ${some.map((one) => grouped(one, (one.container?.inside?.files ?? paths(one).map((path): WireFile => ({ path }))).map((file) => (first) => {
      const host = one.container?.outside?.files?.find((each) => each.path === file.path);
      const there = host?.exists === undefined ? host?.reason ?? undefined : host.exists ? 'is there' : 'no such file';
      return html`<tr class="written">${first}<td class="in mono">${breakable(file.path, /(?<=[/-])/)}</td><td class="in ${file.exists === false ? '' : 'number'}">${file.exists === false ? 'no such file' : file.bytes === undefined ? unknown : size(file.bytes)}</td>${wall(host?.exists && host.inVolume ? 'open ns-mnt' : '')}<td class="out">${there ?? unknown}</td><td class="out">${host?.hostPath ? html`<span class="quiet">${host.inVolume ? 'a volume' : 'the writable layer'}</span> ${hostPath(host.hostPath)}` : unknown}</td></tr>`;
    })))}`);
}

/** The files that a command names. */
function paths(one: Watched): string[] {
  return [...(one.command ?? '').matchAll(/--path (\S+)/g)].map((found) => found[1]!);
}

function inode(container: Container | undefined, type: string): number | undefined {
  return container?.namespaces.find((one) => one.type === type)?.inode;
}
