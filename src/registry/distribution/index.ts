import { blobReading } from './blobs.ts';
import { catalogListing } from './catalog.ts';
import { requestTo } from '../request.ts';
import { listReader } from '../listing/pages.ts';
import { tagListing } from './tags.ts';
import { referrerListing } from './referrers.ts';
import { manifestReading } from './manifests.ts';
import { manifestWriting } from './manifest-writes.ts';
import { blobWriting } from './uploads.ts';
import { kindNamed, kindOfHost, type RegistryKind } from '../kinds/index.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Registry } from '../roles.ts';
import type { DistributionServices } from './services.ts';

/**
 * Returns a client for any registry that implements
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export function distributionRegistry(given: DistributionServices): Registry {
  const asWriter = new Set<RepositoryName>();
  const request = requestTo(given.baseUrl, asWriter);
  const kinds = new Map<string, RegistryKind>();
  const kindOf = (host: string): RegistryKind => {
    const kind = kinds.get(host) ?? kindNamed(given.traitsOf?.(host).kind ?? '') ?? kindOfHost(host);
    kinds.set(host, kind);
    return kind;
  };
  const services = { ...given, kindOf, readPages: listReader(given.fetch, given.clock) };
  const reading = manifestReading(services, request);
  return {
    ...reading,
    ...referrerListing(services, request, reading),
    ...manifestWriting(services, request, reading),
    ...blobReading(services, request),
    ...tagListing({ ...services, asWriter }, request),
    ...catalogListing(services, request),
    ...blobWriting(services, request),
  };
}
