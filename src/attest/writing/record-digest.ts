import { z } from 'zod';
import type { RepositoryName } from '../../image/reference.ts';
import type { Call } from '../../registry/roles.ts';
import { bundlesOf } from '../attached/bundles.ts';
import { isBy, type Attached } from '../attached/types.ts';
import { PROMOTION_RECORD, recordPredicate, type RecordFacts } from '../formats/record.ts';
import {
  attachedSince,
  ensureBundle,
  hasOne,
  readSubject,
  subjectName,
  type DigestSigning,
  type Done,
} from './sign-digest.ts';
import { SIGNATURE, statementBytes } from '../formats/statement.ts';

/** The repository of a recorded digest, and the facts about its promotion. */
type RecordTarget = { readonly repository: RepositoryName; readonly facts: RecordFacts };

/**
 * Attaches the promotion record unless one of ours exists, and before it our signature as a bundle: cosign ignores the
 * `.sig` tag if it finds a bundle. Throws NOT_FOUND if the repository does not have the digest.
 */
export function recordDigest(
  services: Omit<DigestSigning, 'format'>,
  { repository, facts }: RecordTarget,
  call: Call,
): Promise<Done> {
  const { registry, verifier, signer, publisher, lock } = services;
  const { digest, reference } = facts;
  const target = { repository, digest, reference };
  const record = async (): Promise<Done> => {
    const there = await bundlesOf({ registry, repository, digest }, verifier, call, [SIGNATURE, PROMOTION_RECORD]);
    const isOurs = (attached: Attached): boolean => isRecordOf(digest, attached) && isBy(signer.identity, attached);
    if (hasOne(there, isOurs)) return 'there';
    const { descriptor } = await readSubject(registry, repository, digest, call);
    await ensureBundle(services, target, descriptor, there, call);
    await publisher.check(repository, digest, 'bundle', call);
    const predicate = recordPredicate(facts);
    const statement = statementBytes({ digest, reference, predicateType: PROMOTION_RECORD, predicate });
    const bytes = await signer.signStatement(statement, call.signal);
    const place = { registry, repository, digest };
    const { clock } = publisher;
    const meanwhile = attachedSince(there, { place, verifier, type: PROMOTION_RECORD, clock }, isOurs, call);
    const bundle = { bytes, predicateType: PROMOTION_RECORD, identity: signer.identity, meanwhile };
    await publisher.bundle(repository, descriptor, bundle, call);
    return 'written';
  };
  return lock.run(subjectName(target), record, call.signal);
}

const Predicate = z.looseObject({ digest: z.string() });

/** Returns true if the record's contents are about this digest, not only its subject. */
export function isRecordOf(digest: string, { kind, verdict }: Attached): boolean {
  return kind === 'record' && Predicate.safeParse(verdict.statement?.predicate).data?.digest === digest;
}
