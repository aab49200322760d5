import type { Container, Limit } from '../wire';
import { RowScale, needOf, roundUp, roundUpBytes } from '../model/scale';
import { store } from '../page';
import type { Kind } from './plot';

/** How much of the past a graph shows, in milliseconds. */
export const windowMs = 30_000;

const mib = 1024 * 1024;

/** The limit of a kind, where the kernel holds one as a number. */
export function limitOf(kind: Kind, container: { limits?: Container['limits'] } | undefined): Limit | undefined {
  const limits = container?.limits;
  return kind === 'cpu' ? limits?.cpu : kind === 'memory' ? limits?.memory : kind === 'pids' ? limits?.pids : limits?.io;
}

/** One scale for each row of graphs, so that heights can be compared across it. */
export class Scales {
  private readonly scales: Record<Kind, RowScale> = {
    cpu: new RowScale((value) => roundUp(value), 0.2),
    memory: new RowScale(roundUpBytes, 4 * mib),
    pids: new RowScale((value) => roundUp(value), 4),
    io: new RowScale(roundUpBytes, mib),
  };

  fit(kind: Kind, containers: ({ name: string; limits?: Container['limits'] } | undefined)[], since: number): number {
    let highest = 0;
    const limits: number[] = [];
    for (const container of containers) {
      if (!container) continue;
      const series = store.series.get(container.name);
      const most = (column: 'memory' | 'pids' | 'read' | 'write'): number => series?.highest(column, since) ?? 0;
      if (kind === 'cpu') highest = Math.max(highest, stacked(container.name, since));
      else if (kind === 'memory' || kind === 'pids') highest = Math.max(highest, most(kind));
      else highest = Math.max(highest, most('read'), most('write'));
      const limit = kind === 'io' ? undefined : limitOf(kind, container)?.value;
      if (limit !== undefined) limits.push(limit);
    }
    return this.scales[kind].fit(needOf(highest, limits, { cpu: 1, memory: 320 * mib, pids: 128, io: 0 }[kind]), performance.now());
  }
}

/** The highest that use and throttled time reach together. */
function stacked(name: string, since: number): number {
  const columns = store.series.get(name)?.columns;
  if (!columns) return 0;
  let most = 0;
  for (let i = columns.at.length - 1; i >= 0 && columns.at[i]! >= since; i -= 1) {
    most = Math.max(most, (columns.cores[i] ?? 0) + (columns.throttled[i] ?? 0));
  }
  return most;
}
