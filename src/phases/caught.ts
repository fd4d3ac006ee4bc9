import { asPromotionError, isPromotionError, type PromotionError } from '../errors.ts';
import type { Context } from '../pipeline/phase.ts';

/** Returns a thrown error as a `PromotionError`, and emits a defect. Throws it if the run is being stopped. */
export function caught(error: unknown, context: Context): PromotionError {
  const failure = asPromotionError(error, context.signal);
  emitDefect(failure, context);
  return failure;
}

/** Emits a defect of the program; the message of any other error says all. */
export function emitDefect(error: PromotionError | undefined, { emit }: Context): void {
  if (isPromotionError(error, 'INTERNAL') && error.cause instanceof Error) emit({ type: 'defect', cause: error.cause });
}
