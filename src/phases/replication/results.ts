import { failureOf, type Failure } from '../../errors.ts';
import { refsOf, type RepositoryName } from '../../image/reference.ts';
import type { PhaseEvent } from '../../pipeline/phase-events.ts';
import type { AttachedLack } from '../../mirroring/lack.ts';
import type { Replicated } from '../../mirroring/replicator.ts';

/** Returns the reference of an attached manifest: by its tag if it has one, else by its digest. */
function attachedRef({ tag, digest }: Pick<AttachedLack, 'tag' | 'digest'>, repository: RepositoryName): string {
  return refsOf(repository, tag === undefined ? [] : [tag], digest)[0];
}

/** Returns the event of an attachment that was copied; `copies` are those that succeeded. */
export function attachmentCopied({ lack, gone, results }: Replicated): PhaseEvent {
  const done = results.filter(({ error }) => error === undefined);
  const { subject, primary } = lack;
  return {
    type: 'attachment-copied',
    subject,
    from: attachedRef(lack, primary),
    primary,
    isGone: gone,
    copies: done.map(({ repository }) => ({ repository, ref: attachedRef(lack, repository) })),
  };
}

/** Returns one failure for each error code, with all the mirrors that have it. */
export function replicationFailures({ lack, results }: Replicated): Failure[] {
  const byCode = new Map<string, Failure & { readonly refs: string[] }>();
  for (const { repository, error } of results) {
    if (error === undefined || error.code === 'ABORTED') continue;
    const about = { digest: lack.subject, source: attachedRef(lack, lack.primary) };
    const failure = byCode.get(error.code) ?? { ...failureOf('replicate', error, about), refs: [] };
    failure.refs.push(attachedRef(lack, repository));
    byCode.set(error.code, failure);
  }
  return [...byCode.values()];
}
