import { PromotionError, type ErrorCode } from '../../errors.ts';

/** Returns an error with a headline and a hint, and each reason as a line of its own. */
export function refusal(code: ErrorCode, headline: string, hint: string, reasons: readonly string[]): PromotionError {
  return new PromotionError(code, `${headline}: ${reasons.join('; ')}`, {
    hint,
    parts: [`${headline}; ${hint}`, ...reasons],
  });
}
