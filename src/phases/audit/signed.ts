import { PROMOTION_RECORD } from '../../attest/formats/record.ts';
import { SIGNATURE } from '../../attest/formats/statement.ts';
import type { Failure } from '../../errors.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import { primariesOf } from '../../plan/candidates.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';
import type { Inventory } from '../../registry/inventory.ts';
import type { Call } from '../../registry/roles.ts';
import { pushTo, readByHost } from '../reading/read-by-host.ts';
import { unreadable } from '../reading/unreadable.ts';
import { listedTypes } from './listed-types.ts';
import { isAttachment, type Unsigned } from '../../plan/audit/unsigned-drift.ts';
import type { AuditServices } from './services.ts';

export type SignedCheck = {
  /** Keeps the images whose signature or record the list of a primary does not show. */
  look(repository: RepositoryName, sets: readonly ImageSet[], inventory: Inventory): void;
  /** Requests the referrers of these images, with one request each; `bare` repositories have none. */
  ask(
    bare: ReadonlySet<RepositoryName>,
    context: Context,
  ): Promise<{ readonly unsigned: readonly Unsigned[]; readonly failures: readonly Failure[] }>;
  /** The number of images without an expected record, because they were uploaded before. */
  older(): number;
};

/** Lists of referrers of one repository that are read at once: they are small, and one registry answers all. */
const LISTS_AT_ONCE = 8;

/** Checks which images of the primaries have a signature and a promotion record, according to the lists. */
export function signedCheck(services: AuditServices, sets: readonly ImageSet[]): SignedCheck {
  const { registry, traffic, isSigned, recordsSince, rules } = services;
  const primaries = primariesOf(isSigned ? sets : [], rules.chosen);
  const open = new Map<RepositoryName, Unsigned[]>();
  const seen = new Set<string>();
  let older = 0;
  return {
    older: () => older,
    look: (repository, there, inventory) => {
      for (const wanted of there.flatMap(({ images }) => images)) {
        const { digest, tags } = wanted;
        if (primaries.get(wanted) !== repository || !inventory.has(digest) || isAttachment(tags)) continue;
        const uploadedAt = inventory.uploadedAt(digest);
        const record = uploadedAt === undefined || uploadedAt >= recordsSince;
        // as in `kpromo sigcheck`, a digest without a tag needs no signature
        const signature = tags.length > 0 && !inventory.lists(cosignTag(digest, 'sig'));
        if (!record) older += 1;
        const key = `${repository}@${digest}`;
        if (seen.has(key) || !(signature || record)) continue;
        seen.add(key);
        pushTo(open, repository, { wanted, repository, lacks: { signature, record } });
      }
    },
    ask: async (bare, context) => {
      const unsigned = new Map<Unsigned, Unsigned>();
      const read = async (repository: RepositoryName): Promise<void> => {
        const call: Call = { signal: context.signal, meter: traffic.of(repository) };
        await eachOf(open.get(repository) ?? [], LISTS_AT_ONCE, async (one) => {
          const isBare = bare.has(repository);
          const types = isBare ? NONE : await listedTypes(registry, repository, one.wanted.digest, call);
          const signature = one.lacks.signature && !types.has(SIGNATURE);
          const record = one.lacks.record && !types.has(PROMOTION_RECORD);
          if (signature || record) unsigned.set(one, { ...one, lacks: { signature, record } });
        });
      };
      const errors = await readByHost('destination', [...open.keys()], read, context);
      const inOrder = [...open.values()].flatMap((all) => all.flatMap((one) => unsigned.get(one) ?? []));
      return { unsigned: inOrder, failures: unreadable(errors) };
    },
  };
}

const NONE: ReadonlySet<string> = new Set();
