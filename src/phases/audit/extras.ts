import type { Failure } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { Extra } from '../../plan/audit/extra-drift.ts';
import type { Call } from '../../registry/roles.ts';
import { pushTo, readByHost, REQUESTS_AT_ONCE } from '../reading/read-by-host.ts';
import { unreadable } from '../reading/unreadable.ts';
import type { Find } from './find.ts';
import type { AuditServices } from './services.ts';

/**
 * Requests facts that lists omit: the digest of a tag, and whether the subject of an attachment exists. An attachment of
 * an existing manifest belongs to it.
 */
export async function askFinds(
  { registry, traffic }: Pick<AuditServices, 'registry' | 'traffic'>,
  finds: readonly Find[],
  context: Context,
): Promise<{ readonly extras: readonly Extra[]; readonly failures: readonly Failure[] }> {
  const asked = new Map<RepositoryName, Find[]>();
  for (const find of finds) pushTo(asked, find.repository, find);
  const known = new Map<Digest, Promise<boolean>>();
  const digestOf = async (repository: RepositoryName, reference: string, call: Call): Promise<Digest | undefined> =>
    (await registry.resolveManifest(repository, reference, call))?.digest;
  /** A platform that one mirror holds is not requested from the others. */
  const isThere = async (repository: RepositoryName, subject: Digest, call: Call): Promise<boolean> => {
    const elsewhere = known.get(subject);
    if ((await elsewhere) === true) return true;
    const answer = digestOf(repository, subject, call).then((found) => found !== undefined);
    known.set(subject, answer);
    return answer;
  };
  const extras = new Map<Find, Extra>();
  const ask = async (repository: RepositoryName): Promise<void> => {
    const call = { signal: context.signal, meter: traffic.of(repository) };
    await eachOf(asked.get(repository) ?? [], REQUESTS_AT_ONCE, async (find) => {
      const { tag = '', subject } = find;
      if (subject !== undefined) {
        if (!(await isThere(repository, subject, call)))
          extras.set(find, { repository, digest: subject, tag, isOrphan: true });
        return;
      }
      // a listed tag exists, even if the registry denies it to a HEAD
      const digest =
        find.digest ??
        (await digestOf(repository, tag, call)) ??
        (await registry.readManifest(repository, tag, call))?.descriptor.digest;
      if (digest !== undefined) extras.set(find, { repository, digest, tag: find.tag });
    });
  };
  const unread = await readByHost('destination', [...asked.keys()], ask, context);
  return { extras: finds.flatMap((find) => extras.get(find) ?? []), failures: unreadable(unread) };
}
