import { PromotionError, type Failure } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { byImage, type Lacks } from '../../plan/desired/assemble.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import { askLacks } from '../plan/ask-lacks.ts';
import { findPending } from '../plan/find-pending.ts';
import { unreadable } from '../reading/unreadable.ts';
import type { Finds } from './finds.ts';
import type { AuditServices } from './services.ts';
import type { SignedCheck } from './signed.ts';

/** The repositories to read, and the receivers of each list. */
type Reading = {
  readonly destinations: ReadonlyMap<RepositoryName, readonly ImageSet[]>;
  readonly all: ReadonlyMap<RepositoryName, readonly ImageSet[]>;
  readonly finds: Finds;
  readonly signed: SignedCheck;
};

/** The missing images and tags of destinations, and the destinations that could not be read, with the reason. */
export type ReadLacks = {
  readonly pending: Lacks;
  readonly unread: ReadonlySet<RepositoryName>;
  readonly failures: readonly Failure[];
};

/** Lists each destination once, as a dry run does, and requests digests that the lists omit. */
export async function readLacks(
  { registry, traffic }: Pick<AuditServices, 'registry' | 'traffic'>,
  { destinations, all, finds, signed }: Reading,
  context: Context,
): Promise<ReadLacks> {
  const shown: RegistryReader = {
    ...registry,
    listRepository: async (repository, call) => {
      const listing = await registry.listRepository(repository, call);
      await finds.look(repository, listing, call);
      return listing;
    },
  };
  const listed = await findPending({ registry: shown, traffic }, destinations, context, { all, look: signed.look });
  const lacks = [...listed.pending.values()].flat();
  const refused = new Map(
    lacks.flatMap((lack) => (lack.isUnread ? [[lack.repository, mayNotRead(lack)] as const] : [])),
  );
  const readable = byImage(lacks.filter(({ repository }) => !refused.has(repository)));
  const asked = await askLacks({ registry, traffic }, readable, () => true, context);
  return {
    pending: asked.pending,
    unread: new Set([...listed.unread.keys(), ...asked.unread.keys(), ...refused.keys()]),
    failures: [...listed.failures, ...unreadable(refused), ...asked.failures],
  };
}

/** A repository that we must not read may or may not be empty. */
function mayNotRead({ repository }: { readonly repository: RepositoryName }): PromotionError {
  return new PromotionError('DENIED', `${repository} may not be read by this account, or does not exist`, {
    side: 'destination',
    hint: 'use an account that may read it, or promote to it first',
  });
}
