import type { CgroupFile, Container, Limit, Limits, Mount, Process, Range, Run, Segment, SeenContainer } from '../wire';

/** The tables that a lesson can show, by the names of its panels. */
export const tableKinds = ['processes', 'interfaces', 'mounts', 'users', 'hostnames', 'segments', 'security', 'layers', 'files', 'log', 'steps'] as const;
export type TableKind = (typeof tableKinds)[number];

/** What "views" stands for: what both sides of the wall see in general. */
const views: TableKind[] = ['processes', 'interfaces', 'mounts', 'users', 'hostnames'];

/** The tables that panels name, each once, in their order. */
export function tablesOf(panels: readonly string[]): TableKind[] {
  const named = panels.flatMap((panel) => (panel === 'views' ? views : [panel as TableKind]));
  return [...new Set(named)].filter((kind) => tableKinds.includes(kind));
}

/** One process from both sides; a side that does not see it has no number. */
export interface Joined { inside?: number; host?: number; command: string; reported: boolean }

/**
 * Joins what the host sees with what was reported from inside, on the innermost
 * number of NSpid. In one namespace with the host, a number is the same on both sides.
 */
export function joinProcesses(inside: Process[] | undefined, outside: Process[] | undefined, one = false): Joined[] {
  const left = new Map((inside ?? []).map((one) => [one.pid, one]));
  const rows: Joined[] = (outside ?? []).map((process) => {
    const inner = process.nsPid?.at(-1);
    const reported = inner !== undefined && left.delete(inner);
    return { host: process.pid, ...(inner !== undefined ? { inside: inner } : {}), command: process.command, reported };
  });
  // A report is older than the host's reading: what it names may have ended since.
  for (const { pid, command } of left.values()) rows.push({ inside: pid, ...(one ? { host: pid } : {}), command, reported: true });
  return rows.sort((a, b) => (a.inside ?? Infinity) - (b.inside ?? Infinity));
}

/** One mount point: as the container names it, and where that is on the host. */
export interface MountRow { path: string; type: string; readOnly: boolean; host: string; what: 'writable layer' | 'a folder of the host' | 'files that the engine writes' | 'made by the kernel' | 'in memory' | 'a device' }

/** The mounts that say something first; the kernel's own trees after them. */
export function mountRows(container: Container): { first: MountRow[]; rest: MountRow[] } {
  const table = container.inside?.mounts ?? container.outside?.mounts ?? [];
  const outside = new Map((container.outside?.mounts ?? []).map((one) => [one.path, one]));
  const rows = folded(table.map((mount) => rowOf(mount, outside.get(mount.path), container)));
  const telling = (row: MountRow): boolean => row.what === 'writable layer' || row.what === 'a folder of the host' || row.what === 'files that the engine writes' || ['/proc', '/dev', '/sys'].includes(row.path);
  return { first: rows.filter(telling), rest: rows.filter((row) => !telling(row)) };
}

function rowOf(mount: Mount, host: Mount | undefined, container: Container): MountRow {
  const root = host?.root ?? mount.root;
  const base = { path: mount.path, type: mount.type, readOnly: mount.readOnly === true };
  if (mount.path === '/' && container.layers?.upper) return { ...base, host: container.layers.upper, what: 'writable layer' };
  if (mount.type.startsWith('cgroup') || ['proc', 'sysfs', 'mqueue', 'devpts'].includes(mount.type)) return { ...base, host: '', what: 'made by the kernel' };
  if (['tmpfs', 'ramfs'].includes(mount.type)) return { ...base, host: '', what: 'in memory' };
  if (root && root !== '/') return { ...base, host: root, what: 'a folder of the host' };
  return { ...base, host: host?.source ?? mount.source ?? '', what: 'a device' };
}

/** The files that an engine mounts over /etc, in its folder for the container, as one row. */
function folded(rows: MountRow[]): MountRow[] {
  const ours = rows.filter((row) => row.what === 'a folder of the host' && engineFiles.includes(row.path));
  const folders = new Set(ours.map((row) => row.host.replace(/\/[^/]*$/, '')));
  if (ours.length < 2 || folders.size !== 1) return rows;
  const one: MountRow = { ...ours[0]!, path: `/etc/{${ours.map((row) => row.path.slice(5)).join(',')}}`, host: [...folders][0]!, what: 'files that the engine writes' };
  return [...rows.filter((row) => !ours.includes(row)), one];
}

const engineFiles = ['/etc/resolv.conf', '/etc/hostname', '/etc/hosts'];

/** A path with the engine's long names cut to the twelve digits that docker itself shows. */
export function shortPath(path: string): string {
  return path.replace(/([0-9a-f]{12})[0-9a-f]{52}/g, '$1…');
}

/** A segment's key as ipcs shows it. */
export function segmentKey(segment: Segment): string {
  return `0x${(segment.key >>> 0).toString(16).padStart(8, '0')}`;
}

/** What a uid map says, in words: see user_namespaces(7). */
export function mapInWords(map: string | undefined): string {
  if (!map) return '';
  const rows = map.trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const flat = rows.flat();
  if (flat.length < 3 || flat.some(Number.isNaN)) return '';
  const [inside, outside, count] = flat as [number, number, number];
  if (inside === 0 && outside === 0 && count === 4_294_967_295) return 'every user is the same one outside';
  const span = count === 1 ? `${inside} inside is ${outside} outside` : `${inside} to ${inside + count - 1} inside are ${outside} to ${outside + count - 1} outside`;
  return flat.length > 3 ? `${span}, and ${flat.length / 3 - 1} more` : span;
}

/** One row of the table from the flag to the kernel's bytes. */
export interface LimitRow { file: CgroupFile; limit: Limit | undefined }

/** The limits that some flag asked for, in the table's own order: of a container that is still to come, by its command. */
export function limitRows(files: CgroupFile[] | undefined, container: Container | undefined, command = ''): LimitRow[] {
  const limits = (container?.limits ?? {}) as Record<string, Limit | undefined>;
  const asks = (row: LimitRow): boolean => (container ? Boolean(row.limit?.asked) : new RegExp(`${row.file.flag}[ =]`).test(command));
  return (files ?? []).map((file) => ({ file, limit: limits[file.limit] })).filter(asks);
}

/** What five witnesses say of an out-of-memory kill; undefined is "not known". */
export interface Witnesses { counter: number | undefined; event: number | undefined; flag: boolean | undefined; exitCode: number | undefined; running: boolean; lines: number | undefined }

export function witnesses(container: Container, oomKills: number | undefined, exitCode: number | undefined, kernelLogReason: string | undefined): Witnesses {
  const died = container.events?.filter((event) => event.what === 'die').at(-1);
  return {
    counter: oomKills,
    event: container.events?.filter((event) => event.what === 'oom').length,
    flag: container.oomKilled,
    exitCode: died?.exitCode ?? exitCode,
    running: container.state === 'running' || container.state === 'paused',
    lines: kernelLogReason ? undefined : (container.kernelLog ?? []).filter((line) => line.kind === 'killed').length,
  };
}

/** A range's value as docker's flag takes it. */
export function flagValue(range: Range, value: number): string {
  if (range.unit !== 'bytes') return String(Number(value.toFixed(6)));
  for (const [unit, size] of [['g', 2 ** 30], ['m', 2 ** 20], ['k', 2 ** 10]] as const) if (value >= size && value % size === 0) return `${value / size}${unit}`;
  return String(value);
}

/** The action's command with another value in it. */
export function commandWith(command: string, range: Range, value: number): string {
  const shown = flagValue(range, value);
  if (command.includes('$VALUE')) return command.replaceAll('$VALUE', shown);
  return command.replace(new RegExp(`(--${range.limit.replace(/[^\w-]/g, '')}[ =])\\S+`), `$1${shown}`);
}

/** What is remembered of containers, for after they have gone. */
export class Seen {
  private run = '';
  private readonly kept = new Map<string, { container: Container; at: number }>();

  /** Takes in the containers of a run as they are at a moment of the server's clock; another run is another story. */
  take({ id: run, state }: Pick<Run, 'id' | 'state'>, containers: Container[], at = 0): void {
    if (run !== this.run) {
      this.run = run;
      this.kept.clear();
    }
    const dismantled = state === 'stopping' || state === 'stopped' || state === 'finished';
    for (const container of containers) {
      // Its processes end one by one: what is left of them is not what there was to see.
      if (dismantled && living(container)) continue;
      const before = this.kept.get(container.name);
      const same = before?.container.id === container.id ? before : undefined;
      this.kept.set(container.name, { container: same ? merged(same.container, container) : container, at: living(container) ? at : (same?.at ?? 0) });
    }
  }

  /** Takes in what the server has kept, where this page has seen less. */
  recall(run: string, past: SeenContainer[]): void {
    if (run !== this.run) return;
    for (const { at, container } of past) {
      const known = this.kept.get(container.name);
      if (known && known.at >= at) continue;
      const newer = !known ? container : living(known.container) ? merged(known.container, container) : merged(container, known.container);
      this.kept.set(container.name, { container: newer, at });
    }
  }

  /** When a container was last seen alive, in Unix milliseconds; 0 where it was not. */
  at(name: string): number {
    return this.kept.get(name)?.at ?? 0;
  }

  /** The container as it was last seen; one that is not there any more is "removed". */
  last(name: string, present: boolean): Container | undefined {
    const container = this.kept.get(name)?.container;
    return container && !present && container.state !== 'exited' ? { ...container, state: 'removed' } : container;
  }
}

function living(container: Container): boolean {
  return container.state === 'running' || container.state === 'paused';
}

/** Of a container that has ended the engine still tells what was asked for, and the kernel no more what it held. */
function mergedLimits(before: Limits, now: Limits): Limits {
  const all: Limits = { ...now };
  for (const [name, held] of Object.entries(before) as [keyof Limits, Limit][]) if (!all[name]?.raw) all[name] = { ...all[name], ...held };
  return all;
}

/** The newer word on each thing, and the last word where the newer has none. */
function merged(before: Container, now: Container): Container {
  const known = Object.fromEntries(Object.entries(now).filter(([, value]) => value !== undefined));
  return {
    ...before, ...known,
    ...(living(now) ? {} : { limits: mergedLimits(before.limits, now.limits), namespaces: before.namespaces, inside: { ...before.inside, ...now.inside }, outside: { ...before.outside, ...now.outside } }),
  } as Container;
}
