import { isPromotionError, PromotionError } from '../../errors.ts';
import { redactText } from '../redact.ts';

/**
 * Why a source has no credential, as UNAUTHORIZED. Of what a library threw only the words are kept, redacted: its
 * error objects carry requests, and with them secrets. An error of ours inside of it is kept as the cause.
 */
export function credentialProblem(what: string, hint: string, thrown?: unknown): PromotionError {
  const cause = ownError(thrown);
  const words = cause?.message ?? (thrown instanceof Error ? redactText(thrown.message) : '');
  return new PromotionError(cause?.code ?? 'UNAUTHORIZED', words === '' ? what : `${what}: ${words}`, {
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Libraries nest what they caught a few times at most; a circle of causes must end, too. */
const DEPTH = 10;

function ownError(thrown: unknown): PromotionError | undefined {
  let error = thrown;
  for (let depth = 0; depth < DEPTH && error instanceof Error; depth += 1) {
    if (isPromotionError(error)) return error;
    error = error.cause;
  }
  return undefined;
}
