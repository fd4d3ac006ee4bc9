import type { Groupable } from '../pipeline/causes.ts';
import { count, few } from '../text/layout.ts';

/** Returns the subject of failures with one cause: the image, or the number of images and the first few names. */
export function subjectOf(failures: readonly (Groupable & { readonly digest?: string | undefined })[]): string {
  const subjects = failures.map(({ image, digest }) => [image, digest].filter((part) => part !== undefined).join('@'));
  const named = [...new Set(subjects)].filter((subject) => subject !== '');
  return named.length < 2 ? (named[0] ?? '') : `${count(named.length, 'image')}: ${few(named)}`;
}

/** Splits warnings into problems that the base also has, and warnings about entries without effect. */
export function splitWarnings<W extends { readonly inBase?: true | undefined }>({
  warnings = [],
}: {
  readonly warnings?: readonly W[] | undefined;
}): readonly [old: readonly W[], others: readonly W[]] {
  return [warnings.filter(({ inBase }) => inBase === true), warnings.filter(({ inBase }) => inBase !== true)];
}
