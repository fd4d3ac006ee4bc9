import type { ProgressEvent } from '../../events.ts';
import type { Context } from '../../pipeline/phase.ts';

/** Emits that one more item is done. `failed`: how many failed so far; `bytes`: the planned size of the item. */
type Advance = (failed?: number, bytes?: number) => void;

/** Emits that no item of `total` is done yet. Each call of the result emits that one more is. */
export function progressOf(unit: ProgressEvent['unit'], total: number, { emit }: Context, totalBytes = 0): Advance {
  let [finished, copied] = [0, 0];
  const report = (failed: number): void => {
    const bytes = totalBytes > 0 && { bytes: { done: copied, total: totalBytes } };
    emit({ type: 'progress', unit, done: finished, total, failed, ...bytes });
  };
  report(0);
  return (failed = 0, bytes = 0) => {
    finished += 1;
    copied += bytes;
    report(failed);
  };
}
