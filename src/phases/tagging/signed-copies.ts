import type { Failure } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { failuresOf } from '../../pipeline/pipeline.ts';
import type { PromotedImage } from '../images.ts';
import type { SignedCopy } from './replicate-signed.ts';
import { notSigned, signedPrimary, taggingFailure, type Attested } from './results.ts';

/** Returns the images whose tags are to be written, and a failure for each other image that has none yet. */
export function signedCopies(
  { hasCopies }: { readonly hasCopies: (mirror: RepositoryName) => boolean },
  outputs: Attested,
): { readonly signed: ReadonlyMap<PromotedImage, SignedCopy>; readonly unsigned: readonly Failure[] } {
  const primaryOf = signedPrimary(outputs);
  const told = new Set(failuresOf(outputs).map(({ digest }) => digest));
  const signed = new Map<PromotedImage, SignedCopy>();
  const unsigned: Failure[] = [];
  for (const image of outputs.promotion.images) {
    const { wanted, results } = image;
    const waiting = results.flatMap(({ repository, isUntagged }) => (isUntagged === true ? [repository] : []));
    if (waiting.length === 0) continue;
    const primary = primaryOf(wanted);
    if (primary !== undefined) {
      const mirrors = waiting.filter((mirror) => mirror !== primary && hasCopies(mirror));
      signed.set(image, { wanted, primary, mirrors });
    } else if (!told.has(wanted.digest)) {
      unsigned.push(taggingFailure(wanted, waiting, notSigned(wanted)));
    }
  }
  return { signed, unsigned };
}
