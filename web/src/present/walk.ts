import type { Lesson, Phase, Place } from '../wire';

/** A stop of the walk: the drawing, a lesson, or the takeaways. */
export interface Stop {
  /** A lesson's slug, "drawing" or "takeaways": as the address and the room have it. */
  id: string;
  lesson?: Lesson;
  /** What it shows, one after the other. */
  phases: Phase[];
}

/** Where the presenter is. */
export interface Spot {
  stop: number;
  phase: Phase;
}

/** The chapter as a walk: the drawing, each lesson in its order, the takeaways. */
export function stopsOf(lessons: Lesson[]): Stop[] {
  // A lesson that its author is still mending has nothing to show to a room.
  const shown = lessons.filter((lesson) => lesson.containers.length > 0 || !lesson.unavailable);
  return [
    { id: 'drawing', phases: ['live'] },
    ...shown.map((lesson): Stop => ({ id: lesson.slug, lesson, phases: lesson.question ? ['question', 'live', 'verdict'] : ['live', 'verdict'] })),
    { id: 'takeaways', phases: ['verdict'] },
  ];
}

/** One thing further, or back; at the ends it stays. */
export function step(stops: Stop[], spot: Spot, by: 1 | -1): Spot {
  const phases = stops[spot.stop]?.phases ?? [];
  const phase = phases[phases.indexOf(spot.phase) + by];
  if (phase) return { stop: spot.stop, phase };
  const next = stops[spot.stop + by];
  return next ? { stop: spot.stop + by, phase: (by > 0 ? next.phases[0] : next.phases.at(-1))! } : spot;
}

/** A whole stop further, or back: to what it shows first. */
export function leap(stops: Stop[], spot: Spot, by: number): Spot {
  const stop = Math.max(0, Math.min(stops.length - 1, spot.stop + by));
  return { stop, phase: stops[stop]!.phases[0]! };
}

/** Reads an address' fragment: "cpu-limit", or "cpu-limit/verdict". */
export function read(stops: Stop[], fragment: string): Spot | undefined {
  const [id, phase] = fragment.replace(/^#/, '').split('/');
  const stop = stops.findIndex((one) => one.id === id);
  if (stop < 0) return undefined;
  const { phases } = stops[stop]!;
  return { stop, phase: phases.find((one) => one === phase) ?? phases[0]! };
}

/** The fragment of a spot; what a stop shows first needs no word. */
export function write(stops: Stop[], spot: Spot): string {
  const stop = stops[spot.stop]!;
  return `#${stop.id}${spot.phase === stop.phases[0] ? '' : `/${spot.phase}`}`;
}

/** The spot that the room is told of, and where a follower's page goes. */
export function spotOf(stops: Stop[], place: Place): Spot | undefined {
  const spot = read(stops, place.stop);
  return spot && { stop: spot.stop, phase: stops[spot.stop]!.phases.includes(place.phase) ? place.phase : spot.phase };
}
