import type { Container, Gone, Hello, Lesson, Message, Replay, Room, Run, Topology } from '../wire';
import { ended } from '../model/run';
import { Series, addSample } from './series';

/** What the page knows of its connection. */
export type Link =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'stale'; sinceMs: number }
  | { state: 'lost'; nextTryMs: number };

/** "change" is for who runs and what is known; "sample" is for figures only. */
export type Topic = 'change' | 'sample';

/** At most this many runs that have ended are remembered. */
const endedRunsKept = 40;

/** At most this many curves of containers that have left the drawing are kept. */
const leftSeriesKept = 48;

/** All that the page shows, kept in one place and told to whoever listens. */
export class Store {
  link: Link = { state: 'connecting' };
  hello: Hello | undefined;
  topology: Topology | undefined;
  /** Whether the past has come, which follows the first topology. */
  hasPast = false;
  /** How a recording is being played; undefined where all is live. */
  replay: Replay | undefined;
  lessons: Lesson[] | undefined;
  lessonsProblem = '';
  /** Set when the server came back as another version: the page is then old. */
  newVersion = '';
  readonly series = new Map<string, Series>();
  /** In the order in which they began, whatever the server's clock said then. */
  readonly runs = new Map<string, Run>();
  readonly gone = new Map<string, Gone>();
  /** Where a presenter is, and what the room predicts. */
  room: Room | undefined;
  /** When the newest sample was made, by the server's clock. */
  sampledAt = 0;
  /** When it arrived, by this page's monotonic clock. */
  arrivedAt = 0;

  private readonly listeners = new Map<Topic, Set<() => void>>([['change', new Set()], ['sample', new Set()]]);
  private readonly ids = new Map<string, string>();

  listen(topic: Topic, listener: () => void): () => void {
    this.listeners.get(topic)!.add(listener);
    return () => this.listeners.get(topic)!.delete(listener);
  }

  tell(topic: Topic): void {
    for (const listener of this.listeners.get(topic)!) listener();
  }

  /** Takes in one message of the stream. now is performance.now(). */
  take(message: Message, now: number): void {
    switch (message.type) {
      case 'hello':
        if (this.hello && this.hello.version !== message.version) this.newVersion = message.version;
        this.hello = message;
        break;
      case 'topology':
        this.takeTopology(message);
        break;
      case 'history':
        this.hasPast = true;
        this.mindTheClock(message.samples?.at(-1)?.at);
        for (const sample of message.samples ?? []) this.takeSample(sample.at, () => addSample(this.series, sample));
        this.tell('sample');
        break;
      case 'sample':
        this.mindTheClock(message.at);
        this.takeSample(message.at, () => addSample(this.series, message));
        this.arrivedAt = now;
        if (this.link.state === 'stale') {
          this.link = { state: 'live' };
          this.tell('change');
        }
        this.tell('sample');
        return;
      case 'run':
        this.takeRun(message);
        break;
      case 'replay':
        if (this.replay?.epoch !== message.epoch) this.forget();
        this.replay = message;
        break;
      case 'room':
        this.room = message;
        break;
      case 'gone':
        this.gone.set(message.name, message);
        this.series.get(message.name)?.add(message.at, message.last);
        break;
      default:
        return; // A newer server may say more than this page knows.
    }
    this.tell('change');
  }

  /** Takes in the past of a run that this page has not watched: of containers that are alive the stream tells. */
  recall(run: Run): void {
    const past = new Map<string, Series>();
    for (const sample of run.seen?.samples ?? []) addSample(past, sample);
    for (const { at, container, last } of run.seen?.containers ?? []) {
      const { name, id, lesson } = container;
      const now = this.containers.find((one) => one.name === name);
      if (now && (now.id !== id || now.state === 'running' || now.state === 'paused')) continue;
      const series = past.get(name);
      if (series && (this.series.get(name)?.columns.at[0] ?? Infinity) > series.columns.at[0]!) this.series.set(name, series);
      this.series.get(name)?.add(at + 1, last);
      const exitCode = run.containers.find((one) => one.name === name)?.exitCode;
      if (!this.gone.has(name)) this.gone.set(name, { type: 'gone', seq: 0, at, name, id, last, ...(lesson ? { lesson } : {}), run: run.id, ...(exitCode === undefined ? {} : { exitCode }) });
    }
    this.tell('change');
    this.tell('sample');
  }

  setLink(link: Link): void {
    this.link = link;
    this.tell('change');
  }

  setLessons(lessons: Lesson[] | undefined, problem: string): void {
    if (lessons) this.lessons = lessons;
    this.lessonsProblem = problem;
    this.tell('change');
  }

  /** The containers on the drawing, in their order. */
  get containers(): Container[] {
    return this.topology?.containers ?? [];
  }

  /** Those of them that Porthole started. */
  get own(): Container[] {
    return this.containers.filter((one) => !one.foreign);
  }

  /** The newest run of a lesson. */
  runOf(lesson: string): Run | undefined {
    return [...this.runs.values()].filter((run) => run.lesson === lesson).at(-1);
  }

  /** The newest run that has not ended. */
  get running(): Run | undefined {
    return [...this.runs.values()].filter((run) => !ended(run)).at(-1);
  }

  /** A recording was wound to another moment: what was known is not of that one. */
  private forget(): void {
    this.topology = undefined;
    this.sampledAt = 0;
    for (const known of [this.series, this.runs, this.gone, this.ids]) known.clear();
  }

  private takeTopology(topology: Topology): void {
    topology.containers = inOrder(topology.containers ?? []);
    this.topology = topology;
    const present = new Set<string>();
    for (const container of topology.containers) {
      present.add(container.name);
      // The same name with another ID is another container: its past is not this one's.
      const known = this.ids.get(container.name);
      if (known !== container.id) {
        this.series.delete(container.name);
        this.gone.delete(container.name);
      }
      this.ids.set(container.name, container.id);
    }
    for (const name of [...this.ids.keys()]) {
      if (present.has(name)) continue;
      this.ids.delete(name);
    }
    // What has left the drawing is kept while its lesson's page may still show it: the newest of them.
    const left = [...this.series].filter(([name]) => !present.has(name)).sort(([, a], [, b]) => a.latestAt - b.latestAt);
    for (const [name] of left.slice(0, Math.max(0, left.length - leftSeriesKept))) this.series.delete(name);
    if (this.gone.size > 60) for (const name of [...this.gone.keys()].slice(0, 20)) this.gone.delete(name);
  }

  /** Samples come in their order. One that is older than the last means that the server's clock was set back: a past that
   *  is in the future now would hide all that comes, until the clock is there again. */
  private mindTheClock(at: number | undefined): void {
    if (at === undefined || at >= this.sampledAt) return;
    this.series.clear();
    this.sampledAt = 0;
  }

  private takeSample(at: number, add: () => void): void {
    if (at <= this.sampledAt) return;
    add();
    this.sampledAt = at;
  }

  private takeRun(run: Run): void {
    this.runs.set(run.id, run);
    const old = [...this.runs.values()].filter(ended);
    while (old.length > endedRunsKept) this.runs.delete(old.shift()!.id);
  }
}

/** Runs by when they began, and within a run by the lesson's own order; those of others last, as they were asked for. */
function inOrder(containers: Container[]): Container[] {
  const began = new Map<string, number>();
  for (const { run = '', startedAt = Infinity } of containers) began.set(run, Math.min(startedAt, began.get(run) ?? Infinity));
  const keys = (container: Container): (number | string)[] => [
    container.foreign ? 1 : 0,
    ...(container.foreign ? [container.order ?? Infinity] : []),
    began.get(container.run ?? '') ?? Infinity, container.run ?? '', container.order ?? Infinity, container.startedAt ?? Infinity, container.name,
  ];
  return [...containers].sort((a, b) => {
    const left = keys(a);
    const right = keys(b);
    for (let i = 0; i < left.length; i += 1) {
      if (left[i] !== right[i]) return left[i]! < right[i]! ? -1 : 1;
    }
    return 0;
  });
}
