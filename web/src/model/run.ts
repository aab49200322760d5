import type { Run } from '../wire';

/** Whether a run is over, and nothing of it is left on the engine. */
export function ended(run: Run): boolean {
  return run.state === 'finished' || run.state === 'stopped' || run.state === 'failed';
}
