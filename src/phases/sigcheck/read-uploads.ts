import type { Failure } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { Checked, UploadOf } from '../../plan/checks.ts';
import type { ManifestReader, RepositoryListing, TagLister } from '../../registry/roles.ts';
import { pushTo, readByHost, REQUESTS_AT_ONCE } from '../reading/read-by-host.ts';
import type { Traffic } from '../reading/traffic.ts';
import { unreadable } from '../reading/unreadable.ts';

type UploadServices = { readonly registry: ManifestReader & TagLister; readonly traffic: Traffic };

/** The upload times of digests, the readable digests, and the failures of the others. */
type Uploads = {
  readonly uploadOf: UploadOf;
  readonly readable: readonly Checked[];
  readonly failures: readonly Failure[];
};

/** Used if no upload times are needed. */
export const undatedAll: UploadOf = () => 'undated';

/** Lists each primary repository once, for its dates, and requests each digest that the list omits. */
export async function readUploads(
  { registry, traffic }: UploadServices,
  checks: readonly Checked[],
  context: Context,
): Promise<Uploads> {
  const asked = new Map<RepositoryName, Digest[]>();
  for (const { repository, digest } of checks) pushTo(asked, repository, digest);
  // a listing is dropped as soon as it was used
  const dates = new Map<RepositoryName, ReadonlyMap<Digest, ReturnType<UploadOf>>>();
  const read = async (repository: RepositoryName): Promise<void> => {
    const call = { signal: context.signal, meter: traffic.of(repository) };
    const digests = asked.get(repository) ?? [];
    const found = datesIn(await registry.listRepository(repository, call), digests);
    // a digest that the list omits is requested: lists may be stale or cut
    await eachOf(
      digests.filter((digest) => found.get(digest) === 'absent'),
      REQUESTS_AT_ONCE,
      async (digest) => {
        if ((await registry.resolveManifest(repository, digest, call)) !== undefined) found.set(digest, 'undated');
      },
    );
    dates.set(repository, found);
  };
  const failures = unreadable(await readByHost('destination', [...asked.keys()], read, context));
  context.emit({ type: 'failures', failures });
  return {
    uploadOf: (repository, digest) => dates.get(repository)?.get(digest) ?? 'undated',
    readable: checks.filter(({ repository }) => dates.has(repository)),
    failures,
  };
}

function datesIn(listing: RepositoryListing, digests: readonly Digest[]): Map<Digest, ReturnType<UploadOf>> {
  return new Map(digests.map((digest) => [digest, dateIn(listing, digest)]));
}

function dateIn(listing: RepositoryListing, digest: Digest): ReturnType<UploadOf> {
  if (listing.kind === 'tags') return 'undated';
  const found = listing.manifests.get(digest);
  return found === undefined ? 'absent' : (found.uploadedAt ?? 'undated');
}
