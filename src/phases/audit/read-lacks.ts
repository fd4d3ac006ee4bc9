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

/** What is read, and who is shown each list. */
type Reading = {
  readonly destinations: ReadonlyMap<RepositoryName, readonly ImageSet[]>;
  readonly all: ReadonlyMap<RepositoryName, readonly ImageSet[]>;
  readonly finds: Finds;
  readonly signed: SignedCheck;
};

/** What destinations lack, which of them could not be read, and why. */
export type ReadLacks = {
  readonly pending: Lacks;
  readonly unread: ReadonlySet<RepositoryName>;
  readonly failures: readonly Failure[];
};

/** Lists each destination once, as a dry run does, and asks for what the lists do not show. */
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

/** Of a repository that may not be read nobody knows whether it is empty. */
function mayNotRead({ repository }: { readonly repository: RepositoryName }): PromotionError {
  return new PromotionError('DENIED', `${repository} may not be read by this account, or does not exist`, {
    side: 'destination',
    hint: 'use an account that may read it, or promote to it first',
  });
}
