import type { ProgressEvent } from '../../events.ts';
import type { Context } from '../../pipeline/phase.ts';

/** Tells that one more is done; `failed` is how many of them did so far, `bytes` what the one that ended was planned to copy. */
export type TellProgress = (failed?: number, bytes?: number) => void;

/** Tells that nothing of `total`, and of so many bytes, is done yet, and that one more is with each call. */
export function progressOf(
  unit: ProgressEvent['unit'],
  total: number,
  { emit }: Context,
  totalBytes = 0,
): TellProgress {
  let [finished, copied] = [0, 0];
  const tell = (failed: number): void => {
    const bytes = totalBytes > 0 && { bytes: { done: copied, total: totalBytes } };
    emit({ type: 'progress', unit, done: finished, total, failed, ...bytes });
  };
  tell(0);
  return (failed = 0, bytes = 0) => {
    finished += 1;
    copied += bytes;
    tell(failed);
  };
}
