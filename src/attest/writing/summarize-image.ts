import { allOf } from '../../async/all-of.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { imagesIn } from '../../registry/image/platforms.ts';
import type { Call } from '../../registry/roles.ts';
import { readSubject } from './sign-digest.ts';
import { summarizeDigest, type Summarized, type SummarySigning } from './summarize-digest.ts';
import type { SummaryFacts } from '../formats/summary.ts';

/** An image in a repository, and the facts about it and each of its platforms. */
type ImageSummary = {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** Platforms with their own manifest entries: they are summarized there. */
  readonly listed: ReadonlySet<Digest>;
  readonly factsOf: (digest: Digest) => SummaryFacts;
};

/**
 * Summarizes all platforms of an image, and then the image, so that an image with a summary has one for each platform.
 */
export async function summarizeImage(
  services: SummarySigning,
  { repository, digest, listed, factsOf }: ImageSummary,
  call: Call,
): Promise<Summarized> {
  const manifest = await readSubject(services.registry, repository, digest, call);
  const images = await imagesIn(manifest, repository, (one) => services.registry.readManifest(repository, one, call));
  const subjects = images.filter((one) => one.digest === digest || !listed.has(one.digest));
  const summarize = (subject: Descriptor): Promise<Summarized> =>
    summarizeDigest(services, { repository, subject, facts: factsOf(subject.digest) }, call);
  const done = await allOf(subjects.slice(0, -1).map(summarize));
  for (const root of subjects.slice(-1)) done.push(await summarize(root));
  if (done.includes('stuck')) return 'stuck';
  return done.includes('written') ? 'written' : 'there';
}
