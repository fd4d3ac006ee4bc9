import { isDigest } from '../../../src/image/digest.ts';
import { storedReferrers } from '../memory-registry/referrers.ts';
import { manifestReferences, type RegistryStore, type StoredRepository } from '../memory-registry/store.ts';
import type { Referrer } from '../../../src/registry/roles.ts';
import type { Exchange, RegistryOptions } from './options.ts';
import { failure, json, type Reply } from './reply.ts';

/** Answers `tags/list`; what was listed once is not serialised again until the repository changes. */
type Lister = (exchange: Exchange) => Reply;

/** A lister with an empty cache. */
export function lister(): Lister {
  // Keyed by content, not by name: benchmarks load the same repositories into many registries.
  const listings = new WeakMap<StoredRepository, Buffer>();
  const childrenOf = childIndex();
  return ({ store, route, url, options }) => {
    const repository = store.repository(route.repository);
    const child = options.google === true ? childrenOf(store, route.repository) : [];
    if (repository === undefined && child.length > 0)
      return json(200, { name: route.repository, child, manifest: {}, tags: [] });
    if (repository === undefined) return failure(404, 'NAME_UNKNOWN', `${route.repository} is not known`);
    if (options.google !== true && (options.pageSize !== undefined || url.search !== ''))
      return page(repository, route.repository, url, options.pageSize);
    let listed = listings.get(repository);
    if (listed === undefined) {
      listed = Buffer.from(
        options.google === true ? googleFields(repository) : JSON.stringify({ tags: sortedTags(repository) }).slice(1),
      );
      listings.set(repository, listed);
    }
    const children = options.google === true ? `"child":${JSON.stringify(child)},` : '';
    const name = Buffer.from(`{"name":${JSON.stringify(route.repository)},${children}`);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.concat([name, listed]) };
  };
}

/** Answers `_catalog`, in the order of distribution. */
export function catalog({ store, url, options }: Exchange): Reply {
  if (options.catalog === false) return { status: 404, body: '404 page not found' };
  const paths = store.paths().toSorted();
  const last = url.searchParams.get('last') ?? '';
  const rest = paths.filter((path) => path > last);
  const asked = Number(url.searchParams.get('n') ?? Number.POSITIVE_INFINITY);
  const shown = rest.slice(0, Math.min(asked, options.pageSize ?? Number.POSITIVE_INFINITY));
  const link = `</v2/_catalog?n=${shown.length}&last=${encodeURIComponent(shown.at(-1) ?? '')}>; rel="next"`;
  return json(200, { repositories: shown }, shown.length < rest.length ? { link } : {});
}

/** Answers the referrers API with an index of the manifests that have this subject, by pages where they are to be small. */
export function referrers({ store, route, url, options }: Exchange): Reply {
  if (options.referrers === false) return { status: 404, body: '404 page not found' };
  if (!isDigest(route.reference)) return failure(400, 'DIGEST_INVALID', `"${route.reference}" is no digest`);
  const repository = store.repository(route.repository);
  if (repository === undefined) return failure(404, 'NAME_UNKNOWN', `${route.repository} is not known`);
  const filter = url.searchParams.get('artifactType');
  const found = storedReferrers(repository, route.reference).filter(
    ({ artifactType }) => filter === null || artifactType === filter,
  );
  const from = Number(url.searchParams.get('from') ?? 0);
  const to = from + (options.pageSize ?? found.length);
  const listed = found.slice(from, to).map((referrer) => asListed(referrer, repository, options.referrers));
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: listed };
  const headers = {
    'content-type': index.mediaType,
    ...(filter !== null && { 'oci-filters-applied': 'artifactType' }),
    ...(to < found.length && { link: `<${url.pathname}?from=${to}>; rel="next"` }),
  };
  return json(200, index, headers);
}

function asListed(
  { mediaType, digest, size, ...rest }: Referrer,
  { manifests }: StoredRepository,
  how: RegistryOptions['referrers'],
): Referrer {
  if (how === 'bare') return { mediaType, digest, size };
  if (how !== 'config-type') return { mediaType, digest, size, ...rest };
  const artifactType = manifestReferences(manifests.get(digest)?.bytes ?? Buffer.from('{}')).config?.mediaType;
  return { mediaType, digest, size, ...(artifactType !== undefined && { artifactType }) };
}

function page(repository: StoredRepository, name: string, url: URL, pageSize = Number.POSITIVE_INFINITY): Reply {
  const tags = sortedTags(repository);
  const last = url.searchParams.get('last');
  const asked = url.searchParams.get('n');
  const size = Math.min(pageSize, asked === null ? Number.POSITIVE_INFINITY : Number(asked));
  if (!(size >= 0)) return failure(400, 'PAGINATION_NUMBER_INVALID', `n=${asked} is no number`);
  const rest = last === null ? tags : tags.filter((tag) => tag > last);
  const shown = rest.slice(0, size);
  const end = shown.at(-1);
  const more = shown.length < rest.length && end !== undefined;
  const link = `</v2/${name}/tags/list?n=${size}&last=${encodeURIComponent(end ?? '')}>; rel="next"`;
  return json(200, { name, tags: shown }, more ? { link } : {});
}

/** Names one level below each path, made anew when there are more repositories: benchmarks list thousands. */
function childIndex(): (store: RegistryStore, path: string) => readonly string[] {
  let count = -1;
  let children = new Map<string, Set<string>>();
  return (store, path) => {
    const paths = store.paths();
    if (paths.length !== count) {
      children = new Map();
      for (const parts of paths.map((other) => other.split('/')))
        for (let depth = 1; depth < parts.length; depth += 1) {
          const parent = parts.slice(0, depth).join('/');
          children.set(parent, (children.get(parent) ?? new Set()).add(parts[depth] ?? ''));
        }
      count = paths.length;
    }
    return [...(children.get(path) ?? [])].toSorted();
  };
}

// The fields as gcr.io and pkg.dev send them: numbers are strings there.
function googleFields(repository: StoredRepository): string {
  const tagsOf = Map.groupBy(repository.tags, ([, digest]) => digest);
  const manifest: Record<string, unknown> = {};
  for (const [digest, { mediaType, size, uploadedAt }] of repository.manifests) {
    const tag = (tagsOf.get(digest) ?? []).map(([name]) => name).toSorted();
    const time = String(uploadedAt);
    manifest[digest] = {
      imageSizeBytes: String(size),
      layerId: '',
      mediaType,
      tag,
      timeCreatedMs: time,
      timeUploadedMs: time,
    };
  }
  return JSON.stringify({ manifest, tags: sortedTags(repository) }).slice(1);
}

function sortedTags(repository: StoredRepository): string[] {
  return [...repository.tags.keys()].toSorted();
}
