import type { Invitation, Place, Poll, Vote } from '../wire';
import { ask } from '../api';
import { browserStorage } from '../model/prediction';

/** Tells the room where the presenter is. */
export async function show(place: Place): Promise<void> {
  await ask('/room', 'PUT', place);
}

/** Predicts, once. */
export async function vote(lesson: string, answer: string): Promise<void> {
  await ask(`/room/polls/${encodeURIComponent(lesson)}/votes`, 'POST', { answer } satisfies Vote);
}

/** Asks a lesson's question anew. */
export async function askAgain(lesson: string): Promise<void> {
  await ask(`/room/polls/${encodeURIComponent(lesson)}/rounds`, 'POST');
}

export async function invitation(): Promise<Invitation | undefined> {
  return ask<Invitation>('/room/invitation');
}

const item = 'porthole.ballots';
const mostRounds = 40;

/** What this browser predicted in a round: the server does not know it. */
export function predicted(poll: Poll | undefined): string {
  return (poll && ballots()[poll.round]) ?? '';
}

/** Keeps what was predicted, so that a reload still knows. */
export function remember(poll: Poll, answer: string): void {
  const kept = Object.entries({ ...ballots(), [poll.round]: answer }).slice(-mostRounds);
  try {
    browserStorage()?.setItem(item, JSON.stringify(Object.fromEntries(kept)));
  } catch {
    // Not kept then: a reload will not know what was picked.
  }
}

function ballots(): Record<string, string> {
  try {
    const found: unknown = JSON.parse(browserStorage()?.getItem(item) ?? '{}');
    return found && typeof found === 'object' && !Array.isArray(found) ? (found as Record<string, string>) : {};
  } catch {
    return {};
  }
}
