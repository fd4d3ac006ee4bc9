import { asPromotionError, isPromotionError, type PromotionError } from '../errors.ts';
import type { Context } from '../pipeline/phase.ts';

/** Returns what was thrown as a failure of what was in work, and logs a defect. Throws it if the run is being stopped. */
export function caught(error: unknown, context: Context): PromotionError {
  const failure = asPromotionError(error, context.signal);
  tellDefect(failure, context);
  return failure;
}

/** Logs at `debug` where a defect of the program was met; of any other failure its message tells all. */
export function tellDefect(error: PromotionError | undefined, { emit }: Context): void {
  if (!isPromotionError(error, 'INTERNAL') || !(error.cause instanceof Error)) return;
  emit({ type: 'log', level: 'debug', message: error.cause.stack ?? error.cause.message });
}
