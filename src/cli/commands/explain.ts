import { PASSES } from '../../errors.ts';
import { nearestOf } from '../../text/nearest.ts';
import { explanations, type Explanation } from '../../report/explanations.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';

/** Returns the explanation of one problem code, or of all. Throws USAGE for an unknown code. */
export function explanationText(code?: string): string {
  const all = explanations();
  if (code === undefined) return all.map(textOf).join('\n');
  const found = all.find(({ codes }) => codes.includes(code.toUpperCase()));
  if (found !== undefined) return textOf(found);
  const near = nearestOf(
    code.toUpperCase(),
    all.flatMap(({ codes }) => codes),
  );
  const hint = near === undefined ? '`kpromo explain` lists all codes' : `did you mean ${near}?`;
  throw usage(`unknown problem code ${goQuote(code)}`, hint);
}

function textOf({ codes, happened, remedy }: Explanation): string {
  const known: Readonly<Record<string, boolean>> = PASSES;
  const exit = codes.every((code) => known[code])
    ? '  Exit code: 75 with --detailed-exitcode, if every problem may pass like this one; a retry may help.\n'
    : '';
  return `${codes.join(', ')}\n  ${happened}\n  What to do: ${remedy}\n${exit}`;
}
