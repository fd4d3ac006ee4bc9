import { PromotionError } from '../../errors.ts';
import { refsOf, type RepositoryName } from '../../image/reference.ts';
import { durationText } from '../../pipeline/duration.ts';
import { outcomeOf } from '../../pipeline/outcome.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { CopyResult } from '../../registry/copying/copier.ts';
import type { TagMove } from '../../registry/copying/mirror.ts';
import type { PlannedImage, PromotedImage, TargetResult } from '../images.ts';
import { imageFields } from '../log/events.ts';
import { largest } from '../../lists.ts';

/** Returns what the copy of an image came to: a target keeps the tags that it got, and one that got none has failed. */
export function resultOf(
  { wanted }: Pick<PlannedImage, 'wanted'>,
  { mirrors, sourceReads }: CopyResult,
): PromotedImage {
  const results = mirrors.map(({ target, error, moves, meter, ...result }): TargetResult => {
    const tags = target.tags.filter((tag) => moves.every((move) => move.tag !== tag));
    const nothing = moves.length > 0 && tags.length === 0 ? tagMoved(target.repository, moves) : undefined;
    const failure = error ?? nothing;
    return {
      ...target,
      tags: failure === undefined ? tags : target.tags,
      ...meter,
      ...result,
      ...(moves.length > 0 && { moves }),
      ...(failure !== undefined && { error: failure }),
    };
  });
  return { wanted, results, sourceReads };
}

function tagMoved(repository: RepositoryName, moves: readonly TagMove[]): PromotionError {
  const named = moves.map(({ tag, current }) => `${tag} points to ${current}`).join(', ');
  return new PromotionError('TAG_MOVE', `${repository}: ${named}; tag moves are not supported`, {
    side: 'destination',
  });
}

/** Logs at `debug` what is about to be copied, a line a reference. */
export function tellCopying({ wanted, targets }: PlannedImage, { narrate }: Context): void {
  const from = `${wanted.source}@${wanted.digest}`;
  for (const { repository, tags } of targets)
    for (const ref of refsOf(repository, tags, wanted.digest))
      narrate({
        type: 'log',
        level: 'debug',
        message: `Copying ${from} to ${ref}`,
        fields: { ...imageFields(wanted), mirror: repository },
      });
}

/** Logs what an image was copied to: one line, and at `debug` one a reference. */
export function tellPromoted({ wanted, results }: PromotedImage, progress: string, { narrate }: Context): void {
  // what has no tags yet is told of once it has
  const done = results.filter(({ error, isUntagged }) => error === undefined && isUntagged !== true);
  for (const { repository, tags, ms } of done) {
    for (const ref of refsOf(repository, tags, wanted.digest))
      narrate({
        type: 'log',
        level: 'debug',
        message: `Copied ${ref} in ${durationText(ms)}`,
        fields: { ...imageFields(wanted), mirror: repository, ms },
      });
  }
  const { name: image, digest } = wanted;
  const unknown = results.filter((result) => outcomeOf(result) === 'unknown').map(({ repository }) => repository);
  if (unknown.length > 0) narrate({ type: 'image-unknown', image, digest, repositories: unknown });
  const first = done[0];
  if (first === undefined) return;
  const sum = { bytes: results.reduce((total, { bytes }) => total + bytes, 0), failed: results.length - done.length };
  const repositories = done.map(({ repository }) => repository);
  const ms = largest(results.map((result) => result.ms));
  narrate({ type: 'image-promoted', image, digest, repositories, ...sum, ms });
  const [ref] = refsOf(first.repository, first.tags, wanted.digest);
  const others = done.length === 1 ? '' : `, and to ${done.length - 1} more`;
  const message = `Copied ${ref} ${progress} in ${durationText(ms)}${others}`;
  const fields = { ...imageFields(wanted), mirror: first.repository, mirrors: done.length, ms };
  narrate({ type: 'log', level: 'info', message, fields });
}
