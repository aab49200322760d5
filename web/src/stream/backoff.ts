/** How long to wait before the next try, and longer after each failure. */
export class Backoff {
  private failures = 0;

  /** random gives numbers in [0, 1); it is passed in so that a test can fix it. */
  constructor(
    private readonly firstMs = 500,
    private readonly mostMs = 15_000,
    private readonly random: () => number = Math.random,
  ) {}

  /**
   * The next wait in milliseconds. Half of it is fixed and half is random, so
   * that a room full of browsers does not come back in one moment.
   */
  next(): number {
    const full = Math.min(this.mostMs, this.firstMs * 2 ** this.failures);
    this.failures += 1;
    return Math.round(full / 2 + (full / 2) * this.random());
  }

  reset(): void {
    this.failures = 0;
  }
}
