import { PromotionError, type ErrorCode } from '../errors.ts';
import type { YamlProblem } from './document.ts';

/** One error that tells everything that is wrong with a file, each with its place. */
export function fileError(code: ErrorCode, problems: readonly YamlProblem[]): PromotionError {
  const [first, ...others] = problems.map(({ message, hint, position: { file, line, column } }) => ({
    text: `${file}:${line}:${column}: ${message}`,
    hint,
  }));
  const more = others.map(({ text, hint }) => `; and ${text} (${hint})`).join('');
  const parts = [first, ...others].map((one) => `${one?.text}; ${one?.hint}`);
  return new PromotionError(code, `${first?.text}${more}`, { hint: first?.hint ?? '', parts });
}
