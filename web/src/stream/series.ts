import type { Counters, Sample } from '../wire';

/** A figure at one moment; null where it was not measured. */
export type Figure = number | null;

/** How much of the past a series keeps, in milliseconds. */
export const keptMs = 60_000;

/** A pause longer than this, in milliseconds, is drawn as a gap. */
const gapMs = 2_500;

/** An event that the kernel counted. */
export interface Mark {
  /** When the count was first seen to have risen, in Unix milliseconds. */
  at: number;
  /** The count after it. */
  count: number;
}

/** The columns of a series, all of one length, oldest first. */
export interface Columns {
  at: number[];
  /** Cores in use: processor time per time that passed. */
  cores: Figure[];
  /** Cores held back: throttled time per time that passed. */
  throttled: Figure[];
  memory: Figure[];
  kernel: Figure[];
  file: Figure[];
  anon: Figure[];
  pids: Figure[];
  /** Bytes per second. */
  read: Figure[];
  write: Figure[];
}

const names = ['cores', 'throttled', 'memory', 'kernel', 'file', 'anon', 'pids', 'read', 'write'] as const;

/** One container's last minute, with the rates that its counters imply. */
export class Series {
  readonly columns: Columns = {
    at: [], cores: [], throttled: [], memory: [], kernel: [], file: [], anon: [], pids: [], read: [], write: [],
  };
  readonly ooms: Mark[] = [];
  latest: Counters | undefined;
  latestAt = 0;
  /** True once a throttled period has been counted. */
  get everThrottled(): boolean {
    return (this.latest?.cpuThrottledPeriods ?? 0) > 0;
  }

  get length(): number {
    return this.columns.at.length;
  }

  /** Adds one sample. One that is not newer than the last is left out. */
  add(at: number, counters: Counters): void {
    if (at <= this.latestAt) return;
    const before = this.latest;
    const passedMs = at - this.latestAt;
    if (before && passedMs > gapMs) this.push(this.latestAt + 1, {});
    const rate = (now: number | undefined, then: number | undefined, perMs: number): Figure => {
      if (now === undefined || then === undefined || !before) return null;
      // A counter that went back belongs to another cgroup: nothing is known of between.
      return now < then ? null : (now - then) / passedMs / perMs;
    };
    const { memoryActiveFileBytes: active, memoryInactiveFileBytes: inactive } = counters;
    this.push(at, {
      cores: rate(counters.cpuUsageUsec, before?.cpuUsageUsec, 1000),
      throttled: rate(counters.cpuThrottledUsec, before?.cpuThrottledUsec, 1000),
      memory: counters.memoryCurrentBytes ?? null,
      kernel: counters.memoryKernelBytes ?? null,
      file: active === undefined || inactive === undefined ? null : active + inactive,
      anon: counters.memoryAnonBytes ?? null,
      pids: counters.pidsCurrent ?? null,
      read: rate(counters.ioReadBytes, before?.ioReadBytes, 1 / 1000),
      write: rate(counters.ioWriteBytes, before?.ioWriteBytes, 1 / 1000),
    });
    const kills = counters.oomKills;
    // A first sample that already counts kills says nothing of when they were.
    if (kills !== undefined && before?.oomKills !== undefined && kills > before.oomKills) this.ooms.push({ at, count: kills });
    this.latest = counters;
    this.latestAt = at;
    this.trim(at);
  }

  /** The mean of a column over the last milliseconds; null where nothing was measured. */
  mean(column: (typeof names)[number], overMs: number): Figure {
    const { at } = this.columns;
    const values = this.columns[column];
    let sum = 0;
    let count = 0;
    for (let i = at.length - 1; i >= 0 && at[i]! > this.latestAt - overMs; i -= 1) {
      const value = values[i];
      if (value == null) continue;
      sum += value;
      count += 1;
    }
    return count ? sum / count : null;
  }

  /** The highest value of a column since a moment; null where nothing was measured. */
  highest(column: (typeof names)[number], since: number): Figure {
    const { at } = this.columns;
    const values = this.columns[column];
    let most: Figure = null;
    for (let i = at.length - 1; i >= 0 && at[i]! >= since; i -= 1) {
      const value = values[i];
      if (value != null && (most === null || value > most)) most = value;
    }
    return most;
  }

  private push(at: number, figures: Partial<Record<(typeof names)[number], Figure>>): void {
    this.columns.at.push(at);
    for (const name of names) this.columns[name].push(figures[name] ?? null);
  }

  /** Drops what is older than keptMs, in lumps, so that adding stays cheap. */
  private trim(now: number): void {
    const { at } = this.columns;
    if (at[0]! > now - keptMs * 1.25) return;
    const from = at.findIndex((moment) => moment > now - keptMs);
    at.splice(0, from);
    for (const name of names) this.columns[name].splice(0, from);
    while (this.ooms[0] && this.ooms[0].at < now - keptMs) this.ooms.shift();
  }
}

/** Adds a whole sample to the series of the containers named in it. */
export function addSample(series: Map<string, Series>, sample: Sample): void {
  for (const [name, counters] of Object.entries(sample.containers)) {
    let one = series.get(name);
    if (!one) series.set(name, (one = new Series()));
    one.add(sample.at, counters);
  }
}
