import type { RepositoryName } from '../../image/reference.ts';
import { attachedBy } from '../replication.ts';
import type { Drift } from './drift.ts';
import type { WantedImage } from '../desired/desired.ts';

/** An image on its primary that lacks a signature, a record, or both. */
export type Unsigned = {
  readonly wanted: WantedImage;
  readonly repository: RepositoryName;
  readonly lacks: { readonly signature: boolean; readonly record: boolean };
};

/** Returns true for a signature or an attestation, which is not signed itself. */
export function isAttachment(tags: readonly string[]): boolean {
  return tags.length > 0 && tags.every((tag) => attachedBy(tag) !== undefined);
}

/** Returns UNSIGNED and UNRECORDED by image; a signature is looked for on the primary only. */
export function unsignedDrift(
  unsigned: readonly Unsigned[],
  referenceOf: (repository: RepositoryName) => RepositoryName,
): Drift[] {
  const drift = unsigned.flatMap(({ wanted, repository, lacks }) => {
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
  return drift.toSorted((a, b) => (a.reference < b.reference ? -1 : Number(a.reference > b.reference)));
}
