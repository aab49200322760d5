import type { ActionRequest, Lesson, Problem, Provenance, ReplayRequest, Run, Started } from './wire';
import { page, store } from './page';

/** An answer that was not the one wished for, in one sentence for the reader. */
export class Refused extends Error {
  constructor(readonly status: number, sentence: string) {
    super(sentence);
  }
}

export async function ask<T>(path: string, method = 'GET', body?: object): Promise<T | undefined> {
  let response: Response;
  try {
    response = await fetch(`${page.base}/api/v1${path}`, { method, headers: { Accept: 'application/json', ...(body ? { 'Content-Type': 'application/json' } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}) });
  } catch {
    throw new Refused(0, 'The server did not answer. Is porthole still running?');
  }
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
    throw new Refused(response.status, problem.detail || problem.title || `The server answered ${response.status}.`);
  }
  if (response.status === 204) return undefined;
  return (await response.json().catch(() => undefined)) as T | undefined;
}

export async function loadLessons(): Promise<void> {
  try {
    const answer = await ask<Lesson[] | { lessons: Lesson[] }>('/lessons');
    store.setLessons(Array.isArray(answer) ? answer : (answer?.lessons ?? []), '');
  } catch (error) {
    store.setLessons(undefined, sentence(error));
  }
}

export async function startRun(lesson: string): Promise<Started | undefined> {
  return ask<Started>(`/lessons/${encodeURIComponent(lesson)}/runs`, 'POST');
}

export async function stopRun(run: string): Promise<void> {
  await ask(`/runs/${encodeURIComponent(run)}`, 'DELETE');
}

/** A run with what was last seen of its containers. */
export async function loadRun(run: string): Promise<Run | undefined> {
  return ask<Run>(`/runs/${encodeURIComponent(run)}`);
}

/** Takes an action; the value is for one with a range. */
export async function act(run: string, action: string, value?: number): Promise<void> {
  await ask(`/runs/${encodeURIComponent(run)}/actions/${encodeURIComponent(action)}`, 'POST', value === undefined ? undefined : { value } satisfies ActionRequest);
}

/** Plays a recording otherwise: for all who watch it. */
export async function windReplay(wanted: ReplayRequest): Promise<void> {
  await ask('/replay', 'POST', wanted);
}

export async function source(container: string, field: string): Promise<Provenance> {
  const answer = await ask<Provenance>(`/containers/${encodeURIComponent(container)}/sources/${encodeURIComponent(field)}`);
  if (!answer) throw new Refused(0, 'The server gave no answer about this number.');
  return answer;
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
