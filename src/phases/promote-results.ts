import type { Failure } from '../errors.ts';
import { refsOf } from '../image/reference.ts';
import { durationText } from '../pipeline/duration.ts';
import type { Context } from '../pipeline/phase.ts';
import type { CopyResult } from '../registry/copy.ts';
import type { PlannedImage, PromotedImage } from './images.ts';

/** What the copy of an image came to. */
export function resultOf({ wanted }: PlannedImage, { lanes, sourceReads }: CopyResult): PromotedImage {
  const results = lanes.map(({ target, error, attempts, meter, ms }) => ({
    ...target,
    attempts,
    ...meter,
    ms,
    ...(error === undefined ? {} : { error }),
  }));
  return { wanted, results, sourceReads };
}

/** Logs at `debug` what is about to be copied, a line a reference. */
export function tellCopying({ wanted, targets }: PlannedImage, { narrate }: Context): void {
  const from = `${wanted.source}@${wanted.digest}`;
  for (const { repository, tags } of targets)
    for (const ref of refsOf(repository, tags, wanted.digest))
      narrate({ type: 'log', level: 'debug', message: `Copying ${from} to ${ref}` });
}

/** Logs what an image was copied to: one line, and at `debug` one a reference. */
export function tellPromoted({ wanted, results }: PromotedImage, progress: string, { narrate }: Context): void {
  const done = results.filter(({ error }) => error === undefined);
  for (const { repository, tags, ms } of done) {
    for (const ref of refsOf(repository, tags, wanted.digest))
      narrate({ type: 'log', level: 'debug', message: `Copied ${ref} in ${durationText(ms)}` });
  }
  const first = done[0];
  if (first === undefined) return;
  const { name: image, digest } = wanted;
  const sum = { bytes: results.reduce((total, { bytes }) => total + bytes, 0), failed: results.length - done.length };
  const repositories = done.map(({ repository }) => repository);
  const ms = Math.max(...results.map((result) => result.ms));
  narrate({ type: 'image-promoted', image, digest, repositories, ...sum, ms });
  const [ref] = refsOf(first.repository, first.tags, wanted.digest);
  const others = done.length === 1 ? '' : `, and to ${done.length - 1} more`;
  narrate({ type: 'log', level: 'info', message: `Copied ${ref} ${progress} in ${durationText(ms)}${others}` });
}

/** One failure for each kind of trouble, with all the mirrors that have it. */
export function failuresOf({ wanted, results }: PromotedImage): Failure[] {
  const byCode = new Map<string, Failure & { readonly refs: string[] }>();
  for (const { repository, tags, error } of results) {
    if (error === undefined) continue;
    const failure = byCode.get(error.code) ?? {
      phase: 'promote',
      code: error.code,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
      at: wanted.at,
      image: wanted.name,
      digest: wanted.digest,
      source: `${wanted.source}@${wanted.digest}`,
      refs: [],
    };
    failure.refs.push(...refsOf(repository, tags, wanted.digest));
    byCode.set(error.code, failure);
  }
  return [...byCode.values()];
}
