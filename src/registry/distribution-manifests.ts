import { PromotionError } from '../errors.ts';
import { header, type Fetch, type HttpResponse } from '../http/fetch.ts';
import { ensureStatus, readAll } from '../http/read.ts';
import { ACCEPTED_MANIFESTS, REFUSED_MANIFESTS, type Descriptor } from '../image/descriptor.ts';
import { digestOf, isDigest } from '../image/digest.ts';
import { manifestTypeOf, UNKNOWN_TYPE } from '../image/manifest-type.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';
import type { RequestTo } from './distribution-request.ts';
import { isMissing, type RegistryKind } from './kinds/kind.ts';
import type { ManifestReader, ReadManifest, ResolvedManifest } from './roles.ts';

/** Twice what the specification makes a registry accept (4 MiB), so that a larger one is seen and refused by name. */
const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;

const ASK = {
  operation: 'read',
  headers: { accept: [...ACCEPTED_MANIFESTS, ...REFUSED_MANIFESTS].join(', ') },
} as const;

/** `repository@digest` or `repository:tag`, as people write it. */
export function referenceText(repository: RepositoryName, reference: string): string {
  return `${repository}${isDigest(reference) ? '@' : ':'}${reference}`;
}

type ReadingServices = { readonly fetch: Fetch; readonly kindOf: (host: string) => RegistryKind };

/** Manifests over HTTP, read byte for byte; remembers which hosts answer a HEAD with nothing to go by. */
export function manifestReading({ fetch, kindOf }: ReadingServices, request: RequestTo): ManifestReader {
  const heads = headsOf(kindOf);
  const readManifest: ManifestReader['readManifest'] = async (repository, reference, call) => {
    const object = referenceText(repository, reference);
    const get = request(repository, `manifests/${reference}`, { ...ASK, method: 'GET' }, call);
    const { response, bytes } = await readAll(fetch, get, MAX_MANIFEST_BYTES);
    if (isMissing(response.status, kindOf(hostOf(repository)))) return undefined;
    await ensureStatus(response, [200], 'read the manifest', object);
    return parseManifest(bytes, reference, response, object);
  };

  return {
    readManifest,
    resolveManifest: async (repository, reference, call) => {
      const host = hostOf(repository);
      const read = async (): Promise<Descriptor | undefined> =>
        (await readManifest(repository, reference, call))?.descriptor;
      if (!heads.use(host)) return read();
      const head = request(repository, `manifests/${reference}`, { ...ASK, method: 'HEAD' }, call);
      const response = await fetch(head);
      await response.body.discard();
      if (heads.doubt(host, response.status)) {
        const found = await read();
        heads.found(host, response.status, found !== undefined);
        return found;
      }
      if (isMissing(response.status, kindOf(host))) return undefined;
      await ensureStatus(response, [200], 'look up the manifest', referenceText(repository, reference));
      // A registry need not say the digest (distribution-spec 1.1), and then only the bytes tell.
      return describe(response, reference) ?? (await read());
    },
  };
}

/** What proxies and old products say to a HEAD where they would answer a GET. */
const HEAD_REFUSED: readonly number[] = [400, 403, 405, 501];

type Heads = {
  /** Whether a HEAD is worth sending. */
  use(host: string): boolean;
  /** Whether only a GET can tell, after this answer to a HEAD. */
  doubt(host: string, status: number): boolean;
  /** What the GET told. */
  found(host: string, status: number, there: boolean): void;
};

function headsOf(kindOf: ReadingServices['kindOf']): Heads {
  const useless = new Set<string>();
  const proven = new Set<string>();
  return {
    use: (host) => !useless.has(host) && kindOf(host).heads !== 'never',
    doubt: (host, status) => {
      if (status === 200) proven.add(host);
      if (proven.has(host)) return false;
      return HEAD_REFUSED.includes(status) || (status === 404 && kindOf(host).heads === 'doubted');
    },
    found: (host, status, there) => {
      if (there || status === 405 || status === 501) useless.add(host);
    },
  };
}

function parseManifest(bytes: Uint8Array, reference: string, response: HttpResponse, object: string): ReadManifest {
  const digest = isDigest(reference) ? digestOf(bytes, reference) : digestOf(bytes);
  if (isDigest(reference) && digest !== reference) {
    throw new PromotionError(
      'DIGEST_MISMATCH',
      `the registry answered for ${object} with a manifest whose digest is ${digest}`,
      { hint: 'run again; if it stays, the image there is damaged: push it to staging again' },
    );
  }
  const mediaType = manifestTypeOf(bytes, contentType(response));
  const etag = header(response, 'etag');
  return { bytes, descriptor: { mediaType, digest, size: bytes.length }, ...(etag !== undefined && { etag }) };
}

/** The first error code in a registry's JSON error body. */
export function errorCodeIn(text: string): string | undefined {
  return /"code"\s*:\s*"([A-Z_]{1,40})"/.exec(text)?.[1];
}

function describe(response: HttpResponse, reference: string): ResolvedManifest | undefined {
  const digest = header(response, 'docker-content-digest') ?? (isDigest(reference) ? reference : undefined);
  if (digest === undefined || !isDigest(digest)) return undefined;
  const etag = header(response, 'etag');
  return {
    digest,
    mediaType: contentType(response) ?? UNKNOWN_TYPE,
    size: Number(header(response, 'content-length') ?? 0),
    ...(etag !== undefined && { etag }),
  };
}

function contentType(response: HttpResponse): string | undefined {
  return header(response, 'content-type')?.split(';')[0]?.trim().toLowerCase();
}
