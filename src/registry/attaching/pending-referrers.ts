import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Referrer, ReferrerLister } from '../roles.ts';

/** Referrers that are stored but not listed yet. */
type Pending = {
  of(repository: RepositoryName, subject: Digest): readonly Referrer[];
  add(repository: RepositoryName, subject: Digest, referrer: Referrer): void;
  remove(repository: RepositoryName, subject: Digest, referrers: readonly Referrer[]): void;
};

/** Creates an empty collection. */
export function pendingReferrers(): Pending {
  const bySubject = new Map<string, readonly Referrer[]>();
  const of: Pending['of'] = (repository, subject) => bySubject.get(`${repository}@${subject}`) ?? [];
  return {
    of,
    add: (repository, subject, referrer) => {
      const others = of(repository, subject).filter(({ digest }) => digest !== referrer.digest);
      bySubject.set(`${repository}@${subject}`, [...others, referrer]);
    },
    remove: (repository, subject, referrers) => {
      const left = of(repository, subject).filter((one) => !referrers.includes(one));
      if (left.length > 0) bySubject.set(`${repository}@${subject}`, left);
      else bySubject.delete(`${repository}@${subject}`);
    },
  };
}

/** Returns a registry whose lists also contain the pending referrers. */
export function withPending<T extends ReferrerLister>(
  registry: T,
  { pending }: { readonly pending: Pending['of'] },
): T {
  return {
    ...registry,
    listReferrers: async (repository, subject, ...options) => {
      const listed = await registry.listReferrers(repository, subject, ...options);
      const known = new Set(listed.map(({ digest }) => digest));
      return [...listed, ...pending(repository, subject).filter(({ digest }) => !known.has(digest))];
    },
  };
}
