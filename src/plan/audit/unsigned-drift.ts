import type { RepositoryName } from '../../image/reference.ts';
import type { Drift } from './drift.ts';
import type { WantedImage } from '../desired/desired.ts';

/** An image on its primary that lacks a signature, a record, or both. */
export type Unsigned = {
  readonly wanted: WantedImage;
  readonly repository: RepositoryName;
  readonly lacks: { readonly signature: boolean; readonly record: boolean };
};

/** Returns UNSIGNED and UNRECORDED; a signature is looked for on the primary only. */
export function unsignedDrift(
  unsigned: readonly Unsigned[],
  referenceOf: (repository: RepositoryName) => RepositoryName,
): Drift[] {
  return unsigned.flatMap(({ wanted, repository, lacks }) => {
    const codes = [
      ...(lacks.signature ? (['UNSIGNED'] as const) : []),
      ...(lacks.record ? (['UNRECORDED'] as const) : []),
    ];
    const { digest, tags } = wanted;
    return codes.map((code) => ({
      code,
      reference: referenceOf(repository),
      digest,
      tags,
      wanted,
      places: [{ ref: `${repository}@${digest}` }],
    }));
  });
}
