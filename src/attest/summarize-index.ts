import { allOf } from '../all-of.ts';
import { isIndexType, type Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import { referrersIn } from '../registry/referrer-index.ts';
import type { Call } from '../registry/roles.ts';
import { platformsOf } from './evidence-platforms.ts';
import { readSubject } from './sign-image.ts';
import { summarizeDigest, type Summarized, type SummarySigning } from './summarize-image.ts';
import type { SummaryFacts } from './summary.ts';

/** An image in a repository, and what is to be said of it and of each of its platforms. */
export type ImageSummary = {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** Platforms that entries of their own name: they are summarized as such. */
  readonly listed: ReadonlySet<Digest>;
  readonly factsOf: (digest: Digest) => SummaryFacts;
};

/** Summarizes all platforms of an image, and then the image, so that an image with a summary lacks none below it. */
export async function summarizeImage(
  services: SummarySigning,
  { repository, digest, listed, factsOf }: ImageSummary,
  call: Call,
): Promise<Summarized> {
  const subjects = await subjectsOf(services, { repository, digest, listed }, call);
  const summarize = (subject: Descriptor): Promise<Summarized> =>
    summarizeDigest(services, { repository, subject, facts: factsOf(subject.digest) }, call);
  const done = await allOf(subjects.slice(0, -1).map(summarize));
  for (const root of subjects.slice(-1)) done.push(await summarize(root));
  if (done.includes('stuck')) return 'stuck';
  return done.includes('written') ? 'written' : 'there';
}

/** What is to be summarized, the image itself last; what BuildKit attests in an index is no platform of it. */
async function subjectsOf(
  services: SummarySigning,
  { repository, digest, listed }: Omit<ImageSummary, 'factsOf'>,
  call: Call,
): Promise<readonly Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  const follow = async (one: Digest): Promise<void> => {
    const manifest = await readSubject(services.registry, repository, one, call);
    const platforms = new Set(platformsOf(manifest));
    // an index lists its children as a list of referrers does
    for (const child of platforms.size === 0 ? [] : (referrersIn(manifest.bytes)?.referrers ?? [])) {
      if (!platforms.has(child.digest) || listed.has(child.digest) || found.has(child.digest)) continue;
      if (isIndexType(child.mediaType)) await follow(child.digest);
      else found.set(child.digest, child);
    }
    found.set(one, manifest.descriptor);
  };
  await follow(digest);
  return [...found.values()];
}
