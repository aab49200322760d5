import type { Namespace } from '../wire';
import { NamespaceTypes } from '../wire';

/** What a namespace type holds, in a word or two. */
export const holds: Record<string, string> = {
  pid: 'process numbers',
  net: 'interfaces, ports',
  mnt: 'the file tree',
  uts: 'hostname',
  ipc: 'shared memory',
  user: 'user, group ids',
  cgroup: 'cgroup root',
  time: 'boot clock',
};

/** One cell of the matrix. */
export interface Cell {
  type: string;
  /** 0 is the host, then the columns by number. */
  column: number;
  state: 'known' | 'unknown' | 'empty';
  inode?: number;
  reason: string;
  /** 0 is the host's number; others by order of appearance in the row. */
  tone: number;
  /** Columns with the same number, this one among them. */
  group: number[];
  joinsLeft: boolean;
  joinsRight: boolean;
  /** A conduit of another group passes under or over this cell. */
  under: boolean;
  over: boolean;
}

/** A pipe from one part of a group to its next part, past the cells between. */
export interface Conduit {
  tone: number;
  /** The columns that it joins; those between them are passed. */
  from: number;
  to: number;
  side: 'under' | 'over';
  /** 0 is nearest to the row's edge; deeper ones only where three groups cross. */
  depth: number;
}

export interface Row {
  type: string;
  cells: Cell[];
  conduits: Conduit[];
}

/** The links of one column; undefined where there is no container yet. */
export type Links = Namespace[] | undefined;

/** The rows of the matrix, for the host and then each column. */
export function rowsOf(host: Namespace[], columns: Links[]): Row[] {
  return NamespaceTypes.map((type) => {
    const links = [host as Links, ...columns].map((links) => ({ empty: links === undefined, link: links?.find((one) => one.type === type) }));
    return rowOf(type, links);
  });
}

function rowOf(type: string, links: { empty: boolean; link: Namespace | undefined }[]): Row {
  const groups = new Map<number, number[]>();
  links.forEach(({ link }, column) => {
    if (link?.inode && link.relation !== 'unknown') groups.set(link.inode, [...(groups.get(link.inode) ?? []), column]);
  });
  const hostInode = links[0]?.link?.inode;
  let next = 1;
  const tones = new Map<number, number>();
  for (const inode of groups.keys()) tones.set(inode, inode === hostInode ? 0 : next++);

  const cells = links.map(({ empty, link }, column): Cell => {
    const inode = link?.relation === 'unknown' ? undefined : link?.inode;
    const group = (inode !== undefined && groups.get(inode)) || [];
    return {
      type,
      column,
      state: inode ? 'known' : empty ? 'empty' : 'unknown',
      ...(inode ? { inode } : {}),
      reason: inode ? '' : link?.reason || 'not read',
      tone: inode ? (tones.get(inode) ?? 0) : 0,
      group,
      joinsLeft: group.includes(column - 1),
      joinsRight: group.includes(column + 1),
      under: false,
      over: false,
    };
  });
  const conduits = conduitsOf(groups, tones);
  for (const conduit of conduits) {
    for (let column = conduit.from + 1; column < conduit.to; column += 1) cells[column]![conduit.side] = true;
  }
  return { type, cells, conduits };
}

/** Gives each divided group a side of the row, so that pipes of two groups never meet. */
function conduitsOf(groups: Map<number, number[]>, tones: Map<number, number>): Conduit[] {
  const divided = [...groups.entries()]
    .filter(([, members]) => members.at(-1)! - members[0]! >= members.length)
    .map(([inode, members]) => ({ tone: tones.get(inode) ?? 0, members }));
  const placed: { lane: number; first: number; last: number }[] = [];
  const conduits: Conduit[] = [];
  for (const { tone, members } of divided) {
    const first = members[0]!;
    const last = members.at(-1)!;
    let lane = 0;
    while (placed.some((one) => one.lane === lane && one.first < last && first < one.last)) lane += 1;
    placed.push({ lane, first, last });
    for (let i = 1; i < members.length; i += 1) {
      const from = members[i - 1]!;
      const to = members[i]!;
      if (to - from > 1) conduits.push({ tone, from, to, side: lane % 2 ? 'over' : 'under', depth: Math.floor(lane / 2) });
    }
  }
  return conduits;
}

/** Whether nothing at all could be read of a column. */
export function whollyUnknown(rows: Row[], column: number): boolean {
  return rows.every((row) => row.cells[column]?.state === 'unknown');
}

/** The digits that all known numbers begin with, if their last four tell them apart. */
export function commonBeginning(rows: Row[]): string {
  const beginnings = new Set<string>();
  for (const row of rows) for (const cell of row.cells) if (cell.inode) beginnings.add(String(cell.inode).slice(0, -4));
  return beginnings.size === 1 ? [...beginnings][0]! : '';
}
