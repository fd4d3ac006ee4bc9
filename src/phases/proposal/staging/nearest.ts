import { few } from '../../../text/layout.ts';
import { nearOf } from '../../../text/nearest.ts';

/** Returns the names that may have been meant, as the rest of a sentence; empty if none is near. */
export function nearestTexts(word: string, names: readonly string[]): string {
  const misspelt = nearOf(word, names);
  // v1.2 for v1.2.0-rc.1: more than a typing error, and still the likeliest
  const longer = names.filter((name) => name.startsWith(word) || (word.startsWith(name) && name.length > 1));
  const near = [...new Set([...misspelt, ...longer])];
  return near.length === 0 ? '' : `; nearest: ${few(near)}`;
}
