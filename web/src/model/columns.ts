import type { Container, Lesson, Run } from '../wire';
import { ended } from './run';

/** More columns than this would be too narrow to read. */
export const mostColumns = 12;

/** One container's place on the drawing: a real one, or the outline of one to come. */
export interface Column {
  /** Its number, from 1: the same on every part of the drawing. */
  n: number;
  /** Stays the same while an outline becomes a container. */
  key: string;
  title: string;
  subtitle: string;
  command: string;
  container?: Container;
  /** Whether somebody else started it: it is only looked at. */
  foreign?: boolean;
  /** The engine's name, even of one that is gone. */
  name: string;
  /** What the outline is waiting for, in a word. */
  waits: string;
}

/** More columns than this do not stand side by side in a hand. */
const mostInHand = 4;

/** Columns in bands, one below the other, each about as wide as the others. */
export function bandsOf(columns: Column[]): Column[][] {
  const bands = Math.max(1, Math.ceil(columns.length / mostInHand));
  const wide = Math.ceil(columns.length / bands);
  return Array.from({ length: bands }, (_, i) => columns.slice(i * wide, (i + 1) * wide));
}

/** What the sheets call a number of columns side by side. */
export function crowdOf(count: number): 'few' | 'some' | 'many' | 'crowd' {
  return count <= 3 ? 'few' : count <= 5 ? 'some' : count <= 8 ? 'many' : 'crowd';
}

/** Whether a container has processes now, be they paused: only then is there something to read. */
export function alive(container: Container | undefined): boolean {
  return container?.state === 'running' || container?.state === 'paused' || halfMade(container);
}

/** Whether a container waits for the next step of its making: it has a process, and not yet all that makes it one. */
export function halfMade(container: Container | undefined): boolean {
  return container?.state === 'created' && Boolean(container.pid && container.steps?.length);
}

/** What is said of an outline: of a container that is not there yet, or no more. */
export function absence(column: Column | undefined): string {
  const waits = column?.waits ?? '';
  return waits === 'exited' || waits === 'removed' ? waits : waits ? 'being started…' : 'not started';
}

/** The word for a container of somebody else's. */
const notOurs = 'not started by Porthole';

/** The chapter's own three, for when the server has not told its lessons yet. */
const book = [
  { key: 'a', title: 'App A', subtitle: 'isolated', command: '' },
  { key: 'b', title: 'App B', subtitle: 'limited', command: '' },
  { key: 'c', title: 'App C', subtitle: 'secure', command: '' },
];

/**
 * The columns of the drawing: the containers there are, with an outline for
 * each that the run has yet to start or has already removed, so that nothing
 * moves when they come and go. Those of others stand after all of ours.
 */
export function columnsOf(shown: Container[], run: Run | undefined, lesson: Lesson | undefined): Column[] {
  const containers = shown.filter((one) => !one.foreign);
  const columns: Omit<Column, 'n'>[] = [];
  const taken = new Set<string>();
  const real = (container: Container): Omit<Column, 'n'> => ({
    key: `${container.lesson ?? ''}/${container.key ?? container.name}`,
    ...(container.foreign ? { title: container.name, subtitle: notOurs, command: '', foreign: true }
      : { title: container.title || container.name, subtitle: container.subtitle ?? '', command: container.command ?? '' }),
    // One that is only created has nothing to read yet: its outline stays until it starts.
    ...(container.state === 'created' && !halfMade(container) ? {} : { container }),
    name: container.name,
    waits: container.state === 'created' ? 'created' : '',
  });
  // A run under way, or none and nothing to show: the lesson's places come first.
  if (run || containers.length === 0) {
    const slug = run?.lesson ?? lesson?.slug ?? 'architecture';
    const places = lesson?.containers.length ? lesson.containers : run?.containers.length ? run.containers : book;
    for (const place of places) {
      const container = containers.find((one) => one.key === place.key && (!run || one.run === run.id));
      if (container) {
        taken.add(container.name);
        columns.push(real(container));
        continue;
      }
      const started = run?.containers.find((one) => one.key === place.key);
      columns.push({
        key: `${slug}/${place.key}`,
        title: place.title ?? place.key,
        subtitle: 'subtitle' in place ? (place.subtitle ?? '') : '',
        command: place.command,
        name: started?.name ?? '',
        waits: started && !(run && ended(run) && ['waiting', 'created'].includes(started.state)) ? started.state : '',
      });
    }
  }
  for (const container of containers) if (!taken.has(container.name)) columns.push(real(container));
  for (const container of shown) if (container.foreign) columns.push(real(container));
  return columns.map((column, i) => ({ ...column, n: i + 1 }));
}
