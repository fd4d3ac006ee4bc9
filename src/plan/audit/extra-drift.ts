import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Removals } from '../../manifest/history/removed-entries.ts';
import type { Drift } from './drift.ts';

/** A reference in production that no manifest names; `isOrphan`: it is an attachment of the digest, which does not exist there. */
export type Extra = {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly tag?: string | undefined;
  readonly isOrphan?: true;
};

/** Returns EXTRA and UNMANAGED differences; equal ones of several mirrors are one. */
export function extraDrift(
  extras: readonly Extra[],
  removals: Removals,
  referenceOf: (repository: RepositoryName) => RepositoryName,
): Drift[] {
  const groups = new Map<string, Drift & { readonly places: { ref: string }[]; readonly tags: string[] }>();
  for (const extra of extras) {
    const { repository, digest, tag, isOrphan } = extra;
    const reference = referenceOf(repository);
    const removal = removals.of(extra);
    const key = [reference, digest, removalKey(removal), isOrphan ?? ''].join(' ');
    const group = groups.get(key) ?? {
      code: removal === undefined ? ('EXTRA' as const) : ('UNMANAGED' as const),
      reference,
      digest,
      tags: [],
      places: [],
      removal,
      unknown: removal === undefined ? removals.unknown : undefined,
      ...(isOrphan && { isOrphan }),
    };
    groups.set(key, group);
    if (tag !== undefined && !group.tags.includes(tag)) group.tags.push(tag);
    const ref = tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
    if (!group.places.some((place) => place.ref === ref)) group.places.push({ ref });
  }
  return [...groups.values()].toSorted(byName);
}

function removalKey(removal: ReturnType<Removals['of']>): string {
  return typeof removal === 'object' ? removal.id : (removal ?? '');
}

/** Orders differences independently of the order of responses. */
function byName(a: Drift, b: Drift): number {
  const [one, other] = [a, b].map(({ reference, digest, code }) => `${reference} ${digest} ${code}`) as [
    string,
    string,
  ];
  return one < other ? -1 : 1;
}
