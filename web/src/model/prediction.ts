/** What somebody predicted, by lesson and run, so that it survives a reload. */
export class Predictions {
  private readonly kept: Record<string, Record<string, string>>;

  constructor(private readonly storage: Pick<Storage, 'getItem' | 'setItem'> | undefined) {
    this.kept = {};
    try {
      const found: unknown = JSON.parse(storage?.getItem(item) ?? '{}');
      if (found && typeof found === 'object' && !Array.isArray(found)) this.kept = found as Record<string, Record<string, string>>;
    } catch {
      // Unreadable, so begun anew.
    }
  }

  /**
   * The answer picked for a run, or for the next one where there is none. A
   * pick made before a run belongs to it as soon as the run is seen, unless
   * its verdict was out already: nobody predicts what has been told.
   */
  of(lesson: string, run: string | undefined, told: boolean): string {
    const answers = this.kept[lesson] ?? {};
    if (!run) return answers[next] ?? '';
    if (answers[run] === undefined && !told && answers[next]) this.put(lesson, run, answers[next]);
    return this.kept[lesson]?.[run] ?? '';
  }

  pick(lesson: string, run: string | undefined, answer: string): void {
    if (run) this.put(lesson, run, answer);
    this.put(lesson, next, answer);
  }

  private put(lesson: string, run: string, answer: string): void {
    const answers = (this.kept[lesson] ??= {});
    delete answers[run];
    answers[run] = answer;
    const runs = Object.keys(answers).filter((one) => one !== next);
    for (const old of runs.slice(0, Math.max(0, runs.length - mostRuns))) delete answers[old];
    try {
      this.storage?.setItem(item, JSON.stringify(this.kept));
    } catch {
      // Not kept then: the page itself still knows.
    }
  }
}

const item = 'porthole.predictions';
const next = 'next';
const mostRuns = 8;

/** The browser's store, where the page may use it. */
export function browserStorage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
