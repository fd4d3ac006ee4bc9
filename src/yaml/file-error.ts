import { PromotionError, type ErrorCode } from '../errors.ts';
import type { YamlProblem } from './document.ts';

/** Returns one error with all problems of a file, each with its position. */
export function fileError(code: ErrorCode, problems: readonly YamlProblem[]): PromotionError {
  const [first, ...others] = problems.map(({ message, hint, position: { file, line, column } }) => ({
    text: `${file}:${line}:${column}: ${message}`,
    hint,
  }));
  const more = others.map(({ text, hint }) => `; and ${text} (${hint})`).join('');
  const parts = [first, ...others].map((one) => `${one?.text}; ${one?.hint}`);
  return new PromotionError(code, `${first?.text}${more}`, { hint: first?.hint ?? '', parts });
}
