import { refsOf } from '../../image/reference.ts';
import { largest } from '../../lists.ts';
import { durationText } from '../../pipeline/duration.ts';
import { outcomeOf } from '../../pipeline/outcome.ts';
import { debug, imageFields, info } from './line.ts';
import type { Renderers } from './renderers.ts';
import { UPSTREAM } from './upstream.ts';

/** Copies of images and their tags. */
export const PROMOTE = {
  'promotion-started': ({ images, threads }) => [
    info(images === 0 ? UPSTREAM.nothingToPromote : UPSTREAM.promoting(images, threads)),
  ],
  *'copy-started'({ wanted, targets }) {
    for (const { repository, tags } of targets)
      for (const ref of refsOf(repository, tags, wanted.digest))
        yield debug(`Copying ${wanted.source}@${wanted.digest} to ${ref}`, {
          ...imageFields(wanted),
          mirror: repository,
        });
  },
  *'image-copied'({ wanted, results, done, of }) {
    const { name: image, digest } = wanted;
    // a target whose tags are not written yet is reported once they are
    const complete = results.filter(({ error, isUntagged }) => error === undefined && isUntagged !== true);
    for (const { repository, tags, ms } of complete)
      for (const ref of refsOf(repository, tags, digest))
        yield debug(`Copied ${ref} in ${durationText(ms)}`, { ...imageFields(wanted), mirror: repository, ms });
    const unknown = results.filter((result) => outcomeOf(result) === 'unknown').map(({ repository }) => repository);
    if (unknown.length > 0) yield { type: 'image-unknown', image, digest, repositories: unknown };
    const [first] = complete;
    if (first === undefined) return;
    const repositories = complete.map(({ repository }) => repository);
    const bytes = results.reduce((sum, result) => sum + result.bytes, 0);
    const ms = largest(results.map((result) => result.ms));
    const failed = results.length - complete.length;
    yield { type: 'image-promoted', image, digest, repositories, bytes, failed, ms };
    const [ref] = refsOf(first.repository, first.tags, digest);
    const others = complete.length === 1 ? '' : `, and to ${complete.length - 1} more`;
    const fields = { ...imageFields(wanted), mirror: first.repository, mirrors: complete.length, ms };
    yield info(`${UPSTREAM.copied(ref, done, of, ms)}${others}`, fields);
  },
} satisfies Partial<Renderers>;
