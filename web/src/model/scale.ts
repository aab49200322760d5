/** The next round number at or above a value, from a ladder of a few steps. */
export function roundUp(value: number, steps: number[] = [1, 1.5, 2, 3, 4, 6, 8, 10]): number {
  if (!(value > 0)) return steps[0]!;
  const power = 10 ** Math.floor(Math.log10(value));
  // Powers of ten below one are not exact: 6 × 0.1 is not 0.6.
  for (const step of steps) if (step * power >= value * 0.999) return Number((step * power).toPrecision(6));
  return 10 * power;
}

/** The same for bytes, in steps that are round in MiB. */
export function roundUpBytes(value: number): number {
  const mib = 1024 * 1024;
  return roundUp(value / mib, [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) * mib;
}

/** The top of a row's one scale: grows at once, shrinks only after a while. */
export class RowScale {
  top = 0;
  private lowerSince = 0;

  constructor(private readonly round: (value: number) => number, private readonly least: number, private readonly patienceMs = 6000) {}

  /** now is any clock in milliseconds. */
  fit(need: number, now: number): number {
    const wanted = this.round(Math.max(need, this.least));
    if (wanted >= this.top) {
      this.top = wanted;
      this.lowerSince = 0;
    } else if (!this.lowerSince) {
      this.lowerSince = now;
    } else if (now - this.lowerSince > this.patienceMs) {
      this.top = wanted;
      this.lowerSince = 0;
    }
    return this.top;
  }
}

/**
 * What a row must show: its highest figure with a little air, and each limit
 * that is near enough to the figures to be worth its room. One that is far
 * above is told in words only.
 */
export function needOf(highest: number, limits: number[], reach: number): number {
  let need = highest * 1.06;
  for (const limit of limits) if (limit <= Math.max(highest * 4, reach)) need = Math.max(need, limit * 1.12);
  return need;
}
