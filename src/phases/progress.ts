import type { ProgressEvent } from '../events.ts';
import type { Context } from '../pipeline/phase.ts';

/** Tells that nothing of `total` is done yet, and that one more is with each call; `failed` is how many of them did so far. */
export function progressOf(
  unit: ProgressEvent['unit'],
  total: number,
  { narrate }: Context,
): (failed?: number) => void {
  const tell = (done: number, failed: number): void => narrate({ type: 'progress', unit, done, total, failed });
  let finished = 0;
  tell(0, 0);
  return (failed = 0) => tell((finished += 1), failed);
}
