import type { Container, Limit } from '../wire';
import { RowScale, needOf, roundUp, roundUpBytes } from '../model/scale';
import { store } from '../page';
import type { Kind } from './plot';

/** How much of the past a graph shows, in milliseconds. */
export const windowMs = 30_000;

const mib = 1024 * 1024;

/** The limit of a kind, where the kernel holds one as a number. */
export function limitOf(kind: Kind | 'pids', container: Container | undefined): Limit | undefined {
  const limits = container?.limits;
  return kind === 'cpu' ? limits?.cpu : kind === 'memory' ? limits?.memory : kind === 'pids' ? limits?.pids : limits?.io;
}

/** One scale for each row of graphs, so that heights can be compared across it. */
export class Scales {
  private readonly scales: Record<Kind, RowScale> = {
    cpu: new RowScale((value) => roundUp(value), 0.2),
    memory: new RowScale(roundUpBytes, 4 * mib),
    io: new RowScale(roundUpBytes, mib),
  };

  fit(kind: Kind, containers: (Container | undefined)[], since: number): number {
    let highest = 0;
    const limits: number[] = [];
    for (const container of containers) {
      if (!container) continue;
      const series = store.series.get(container.name);
      const most = (column: 'cores' | 'throttled' | 'memory' | 'read' | 'write'): number => series?.highest(column, since) ?? 0;
      if (kind === 'cpu') highest = Math.max(highest, stacked(container.name, since));
      else if (kind === 'memory') highest = Math.max(highest, most('memory'));
      else highest = Math.max(highest, most('read'), most('write'));
      const limit = kind === 'io' ? undefined : limitOf(kind, container)?.value;
      if (limit !== undefined) limits.push(limit);
    }
    return this.scales[kind].fit(needOf(highest, limits, kind === 'cpu' ? 1 : 320 * mib), performance.now());
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
