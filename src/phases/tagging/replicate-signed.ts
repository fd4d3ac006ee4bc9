import type { Failure } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { WantedImage } from '../../plan/desired/desired.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import type { SourceReader } from '../../registry/source.ts';
import { lackList, type AttachedLack } from '../../mirroring/lack.ts';
import { signedLacks } from '../../mirroring/signed-lacks.ts';
import { caught } from '../caught.ts';
import { copyLacks, type ReplicateServices } from '../replication/replicate.ts';
import { taggingFailure } from './results.ts';

export type ReplicateSignedServices = ReplicateServices & {
  readonly registry: RegistryReader;
  readonly source: SourceReader;
};

/** A signed image, and the mirrors that need its attachments before they get its tags. */
export type SignedCopy = {
  readonly wanted: WantedImage;
  readonly primary: RepositoryName;
  readonly mirrors: readonly RepositoryName[];
};

/** Copies attachments of signed images to mirrors. `isLacking` returns true for a mirror that does not have all of them. */
export async function replicateSigned(
  services: ReplicateSignedServices,
  images: readonly SignedCopy[],
  context: Context,
): Promise<{
  readonly isLacking: (image: SignedCopy, mirror: RepositoryName) => boolean;
  readonly failures: readonly Failure[];
}> {
  const { traffic, copies } = services;
  const callTo = (repository: RepositoryName) => ({ signal: context.signal, meter: traffic.of(repository) });
  const wanted = lackList();
  const subjects = new Map<SignedCopy, ReadonlySet<Digest>>();
  const failures: Failure[] = [];
  const mirrored = images.filter(({ mirrors }) => mirrors.length > 0);
  await eachOf(mirrored, copies, async (image) => {
    try {
      const found = await signedLacks({ ...services, callTo }, image.primary, image.wanted.digest);
      subjects.set(image, found.subjects);
      for (const lack of found.lacks) for (const mirror of image.mirrors) wanted.add(lack, mirror);
    } catch (error) {
      failures.push(taggingFailure(image.wanted, image.mirrors, caught(error, context)));
    }
  });
  const lacks = wanted.found();
  const copied = lacks.length === 0 ? { replicated: [], failures: [] } : await copyLacks(services, lacks, context);
  const lacking = new Set<string>();
  for (const { lack, gone, results } of copied.replicated) {
    const without = gone ? lack.mirrors : results.flatMap(({ error, repository }) => (error ? [repository] : []));
    if (gone) failures.push(goneFailure(lack));
    for (const mirror of without) lacking.add(`${lack.primary}@${lack.subject} ${mirror}`);
  }
  context.emit({ type: 'failures', failures });
  const isLacking = (image: SignedCopy, mirror: RepositoryName): boolean => {
    if (!image.mirrors.includes(mirror)) return false;
    const all = subjects.get(image);
    return all === undefined || [...all].some((subject) => lacking.has(`${image.primary}@${subject} ${mirror}`));
  };
  return { isLacking, failures: [...failures, ...copied.failures] };
}

function goneFailure({ primary, digest, subject, mirrors }: AttachedLack): Failure {
  const message = `${primary}@${digest} was attached to ${subject}, and is gone: tags that waited for its copy are not written`;
  const hint = 'run again: what is attached is looked at anew';
  return { phase: 'tag', code: 'INCOMPLETE', message, hint, digest: subject, refs: mirrors };
}
