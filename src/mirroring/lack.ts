import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';

/** One manifest of a primary repository that some of its mirrors lack. */
export type AttachedLack = {
  readonly primary: RepositoryName;
  readonly digest: Digest;
  /** The image it is attached to. */
  readonly subject: Digest;
  /** The cosign tag that attaches it; undefined if its subject does. */
  readonly tag?: string;
  /** True for the attachments of an index, which wait for those of its platforms: once they are there, all are. */
  readonly last: boolean;
  readonly mirrors: readonly RepositoryName[];
};

/** Collects lacks; the same lack of several mirrors is one. */
export function lackList(): {
  add(lack: Omit<AttachedLack, 'mirrors'>, mirror: RepositoryName): void;
  found(): AttachedLack[];
} {
  const lacks = new Map<string, AttachedLack & { readonly mirrors: RepositoryName[] }>();
  return {
    add: (lack, mirror) => {
      const key = `${lack.primary} ${lack.tag ?? lack.digest}`;
      const known = lacks.get(key) ?? { ...lack, mirrors: [] };
      lacks.set(key, known);
      if (!known.mirrors.includes(mirror)) known.mirrors.push(mirror);
    },
    found: () => [...lacks.values()],
  };
}
