import { PromotionError } from '../../../src/errors.ts';
import type { Manifest } from '../../../src/image/descriptor.ts';
import { isDigest } from '../../../src/image/digest.ts';
import {
  hostOf,
  joinRepository,
  pathBelow,
  splitRepository,
  type RepositoryName,
} from '../../../src/image/reference.ts';
import { hashCheckpoints } from '../../../src/registry/distribution/hash-checkpoints.ts';
import { storedReferrers } from './referrers.ts';
import { blobSink, registryStore, type RegistryStore, type StoreOptions } from './store.ts';
import { fallbackReferrers, fallbackTag } from '../../../src/registry/fallback-index.ts';
import type { BlobUpload, Call, Registry, RepositoryListing } from '../../../src/registry/roles.ts';

/** One call of a role, as `before` sees it. */
export type MemoryCall = {
  readonly operation: keyof Registry | 'send' | 'abandon';
  readonly repository: RepositoryName;
  readonly reference: string;
};

export type MemoryOptions = StoreOptions & {
  /** What a host's listings tell; `digests` by default, as with the Google extension. */
  readonly listing?: (host: string) => RepositoryListing['kind'];
  /** False for a host that never mounts; true by default. */
  readonly mounts?: (host: string) => boolean;
  /** False for a host that keeps no lists of referrers; true by default. */
  readonly referrers?: (host: string) => boolean;
  /** Runs ahead of every call; what it throws is the call's error, and what it waits for delays the call. */
  readonly before?: (call: MemoryCall) => void | Promise<void>;
};

/** A Registry, and the content of each of its hosts to fill and look into. */
export type MemoryRegistry = Registry & {
  /** The host's content; a host that was never heard of is empty. */
  store(host: string): RegistryStore;
};

type Place = { readonly store: RegistryStore; readonly path: string; readonly host: string };

type Begin = (
  operation: MemoryCall['operation'],
  repository: RepositoryName,
  reference: string,
  call: Call,
) => Promise<Place>;

/** All roles over content in memory: many hosts, no network; each call counts as one request of its meter. */
export function memoryRegistry(options: MemoryOptions = {}): MemoryRegistry {
  const stores = new Map<string, RegistryStore>();
  const storeOf = (host: string): RegistryStore => {
    const store = stores.get(host) ?? registryStore(options);
    stores.set(host, store);
    return store;
  };
  const begin: Begin = async (operation, repository, reference, call) => {
    call.signal.throwIfAborted();
    await options.before?.({ operation, repository, reference });
    call.signal.throwIfAborted();
    if (call.meter !== undefined) call.meter.requests += 1;
    const { host, path } = splitRepository(repository);
    return { store: storeOf(host), path, host };
  };
  return {
    ...manifestAccess(begin, options),
    ...referrerListing(begin, options),
    ...blobReading(begin),
    ...blobWriting(begin, options),
    store: storeOf,
    listRepositories: async (root, call) => {
      const { store, host } = await begin('listRepositories', root, '', call);
      const names = store.paths().map((path) => joinRepository(host, path));
      return names.filter((name) => pathBelow(root, name) !== undefined);
    },
    listRepository: async (repository, call) => {
      const { store, path, host } = await begin('listRepository', repository, '', call);
      return listing(store, path, options.listing?.(host) ?? 'digests');
    },
  };
}

function find(place: Place, reference: string): Manifest | undefined {
  const digest = place.store.resolve(place.path, reference);
  const stored = digest === undefined ? undefined : place.store.repository(place.path)?.manifests.get(digest);
  if (digest === undefined || stored?.bytes === undefined) return undefined;
  return { descriptor: { mediaType: stored.mediaType, digest, size: stored.size }, bytes: stored.bytes };
}

function referrerListing(
  begin: Begin,
  { referrers = () => true }: MemoryOptions,
): Pick<Registry, 'listReferrers' | 'keepsReferrers'> {
  return {
    listReferrers: async (repository, subject, call) => {
      const place = await begin('listReferrers', repository, subject, call);
      if (!referrers(place.host)) return fallbackReferrers(find(place, fallbackTag(subject)), subject);
      return storedReferrers(place.store.repository(place.path), subject);
    },
    keepsReferrers: async (repository) => referrers(hostOf(repository)),
  };
}

function manifestAccess(
  begin: Begin,
  options: MemoryOptions,
): Pick<Registry, 'readManifest' | 'resolveManifest' | 'writeManifest'> {
  return {
    readManifest: async (repository, reference, call) => {
      const found = find(await begin('readManifest', repository, reference, call), reference);
      count(call, found?.bytes.length ?? 0);
      return found;
    },
    resolveManifest: async (repository, reference, call) =>
      find(await begin('resolveManifest', repository, reference, call), reference)?.descriptor,
    writeManifest: async (repository, reference, manifest, call, was) => {
      const { store, path, host } = await begin('writeManifest', repository, reference, call);
      count(call, manifest.bytes.length);
      const current = store.resolve(path, reference);
      const expected = was === 'absent' ? undefined : was?.digest;
      if (was !== undefined && current !== expected && current !== manifest.descriptor.digest) {
        throw new PromotionError(
          'TAG_MOVE',
          `${nameOf(repository, reference)} points to ${current ?? 'nothing'}, and was expected to point to ${expected ?? 'nothing'}`,
          { side: 'destination' },
        );
      }
      const stored = store.putManifest(path, reference, manifest.descriptor.mediaType, Uint8Array.from(manifest.bytes));
      if (!('refused' in stored)) {
        const lists = options.referrers?.(host) !== false;
        return lists && stored.subject !== undefined ? { subject: stored.subject } : {};
      }
      const code = stored.refused === 'DIGEST_INVALID' ? 'DIGEST_MISMATCH' : 'REGISTRY_ERROR';
      throw new PromotionError(code, `cannot write the manifest ${nameOf(repository, reference)}: ${stored.message}`, {
        side: 'destination',
      });
    },
  };
}

function blobReading(begin: Begin): Pick<Registry, 'lookUpBlob' | 'readBlob'> {
  return {
    lookUpBlob: async (repository, { digest, size }, call) => {
      const { store, path } = await begin('lookUpBlob', repository, digest, call);
      const held = store.repository(path)?.blobs.get(digest);
      if (held === undefined) return 'absent';
      return held.size === size ? 'present' : 'damaged';
    },
    async *readBlob(repository, blob, call, { from } = { from: 0, marks: hashCheckpoints(blob.digest) }) {
      const { store, path } = await begin('readBlob', repository, blob.digest, call);
      const content = store.repository(path)?.blobs.get(blob.digest);
      const object = nameOf(repository, blob.digest);
      if (content?.chunks === undefined) {
        throw new PromotionError('NOT_FOUND', `cannot read the blob ${object}: it is not there`, { side: 'source' });
      }
      // The content was checked on arrival: only the descriptor's size can be wrong.
      if (content.size !== blob.size) {
        throw new PromotionError('DIGEST_MISMATCH', `the blob ${object} has ${content.size} bytes, not ${blob.size}`, {
          side: 'source',
        });
      }
      for (const chunk of content.chunks(from, content.size)) {
        call.signal.throwIfAborted();
        count(call, chunk.length);
        yield chunk;
      }
    },
  };
}

function blobWriting(begin: Begin, options: MemoryOptions): Pick<Registry, 'startBlob'> {
  return {
    startBlob: async (repository, blob, from, call) => {
      const { store, path, host } = await begin('startBlob', repository, blob.digest, call);
      const source = from === undefined ? undefined : splitRepository(from);
      const mountable = source?.host === host && options.mounts?.(host) !== false;
      if (mountable && store.mount(path, blob.digest, source.path)) return 'mounted';
      const upload: BlobUpload = {
        send: async (content, sending) => {
          await begin('send', repository, blob.digest, sending);
          const sink = blobSink();
          for await (const chunk of content instanceof Uint8Array ? [content] : content) {
            sending.signal.throwIfAborted();
            count(sending, chunk.length);
            sink.write(Uint8Array.from(chunk));
          }
          const stored = sink.finish(blob.digest);
          if (stored?.size !== blob.size) {
            throw new PromotionError(
              'DIGEST_MISMATCH',
              `cannot upload the blob ${nameOf(repository, blob.digest)}: other bytes were sent`,
              {
                side: 'destination',
              },
            );
          }
          store.putBlob(path, blob.digest, stored);
          return 'taken';
        },
        // What broke off is begun anew here: a call that failed has kept nothing.
        received: async () => undefined,
        abandon: async (abandoning) => {
          await begin('abandon', repository, blob.digest, abandoning).catch(() => undefined);
        },
      };
      return upload;
    },
  };
}

function listing(store: RegistryStore, path: string, kind: RepositoryListing['kind']): RepositoryListing {
  const repository = store.repository(path);
  if (kind === 'tags') return { kind, tags: new Set(repository?.tags.keys()) };
  const tagsOf = Map.groupBy(repository?.tags ?? [], ([, digest]) => digest);
  const manifests = new Map(
    [...(repository?.manifests ?? [])].map(([digest, { mediaType, uploadedAt }]) => {
      const tags = (tagsOf.get(digest) ?? []).map(([tag]) => tag).toSorted();
      return [digest, { tags, mediaType, ...(uploadedAt > 0 && { uploadedAt }) }] as const;
    }),
  );
  return { kind, manifests, children: childrenOf(store, path) };
}

function childrenOf(store: RegistryStore, path: string): Set<string> {
  const below = store.paths().map((other) => pathBelow(path, other));
  return new Set(below.flatMap((rest = '') => (rest === '' ? [] : [rest.split('/', 1).join()])));
}

function count(call: Call, bytes: number): void {
  if (call.meter !== undefined) call.meter.bytes += bytes;
}

function nameOf(repository: RepositoryName, reference: string): string {
  return `${repository}${isDigest(reference) ? '@' : ':'}${reference}`;
}
