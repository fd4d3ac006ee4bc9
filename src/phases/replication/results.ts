import { failureOf, type Failure } from '../../errors.ts';
import type { LogLevel } from '../../events.ts';
import { refsOf, type RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { AttachedLack } from '../../mirroring/lack.ts';
import type { Replicated } from '../../mirroring/replicator.ts';

/** The attached manifest in a repository: by its tag where it has one, else by its digest. */
export function attachedRef({ tag, digest }: Pick<AttachedLack, 'tag' | 'digest'>, repository: RepositoryName): string {
  return refsOf(repository, tag === undefined ? [] : [tag], digest)[0];
}

/** Logs what was copied: one line, and at `debug` one a mirror; what is gone from its primary is only noted. */
export function tellReplicated({ lack, gone, results }: Replicated, { emit }: Context): void {
  const from = attachedRef(lack, lack.primary);
  const say = (level: LogLevel, message: string, mirror: string = lack.primary): void =>
    emit({ type: 'log', level, message, fields: { digest: lack.subject, source: from, mirror } });
  if (gone) say('info', `${from} is gone from its registry: nothing to copy`);
  const done = results.filter(({ error }) => error === undefined);
  for (const { repository } of done)
    say('debug', `Copied signature ${from} to ${attachedRef(lack, repository)}`, repository);
  const [first] = done;
  if (first === undefined) return;
  const others = done.length === 1 ? '' : ` and ${done.length - 1} more`;
  say('info', `Copied signature ${from} to ${attachedRef(lack, first.repository)}${others}`, first.repository);
}

/** One failure for each kind of trouble, with all the mirrors that have it. */
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
