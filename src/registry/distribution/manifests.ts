import { isPromotionError, PromotionError } from '../../errors.ts';
import { header, type Fetch, type HttpRequest, type HttpResponse } from '../../http/fetch.ts';
import { newProgress } from '../../http/transport/progress.ts';
import { ensureStatus, readAll } from '../../http/response/read.ts';
import { ACCEPTED_MANIFESTS, REFUSED_MANIFESTS } from '../../image/descriptor.ts';
import { algorithmOf, digestOf, isDigest, type Digest } from '../../image/digest.ts';
import { disputedType, isMediaType, manifestTypeOf, UNKNOWN_TYPE } from '../../image/manifest-type.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { OPTIONAL_MS, referenceText, type RequestTo } from '../request.ts';
import { isMissing, type RegistryKind } from '../kinds/kind.ts';
import type { Call, ManifestReader, ReadManifest, Resolved } from '../roles.ts';

/**
 * Twice the size that the specification requires registries to accept (4 MiB), so that a larger manifest is read and
 * rejected by name.
 */
const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;

const ASK = {
  operation: 'read',
  headers: { accept: [...ACCEPTED_MANIFESTS, ...REFUSED_MANIFESTS].join(', ') },
} as const;

const BRIEFLY = { retryWithin: OPTIONAL_MS } as const;

type ReadingServices = { readonly fetch: Fetch; readonly kindOf: (host: string) => RegistryKind };

/** Reads manifests over HTTP, byte for byte. Remembers which hosts respond to a HEAD with useless headers. */
export function manifestReading({ fetch, kindOf }: ReadingServices, request: RequestTo): ManifestReader {
  const heads = headsOf(kindOf);
  const ask = manifestGet({ fetch, kindOf }, request);
  const readManifest: ManifestReader['readManifest'] = async (repository, reference, call) => {
    const first = await ask(repository, reference, call);
    // One bad node of a cache, or a truncated body without a length, does not mean that the image is damaged.
    const served = first?.isSound === false ? await ask(repository, reference, call) : first;
    if (served !== undefined && isDigest(reference) && !served.isSound)
      throw mismatch(referenceText(repository, reference), served.manifest.descriptor.digest);
    return served?.manifest;
  };

  return {
    readManifest,
    resolveManifest: async (repository, reference, call) => {
      const host = hostOf(repository);
      const read = async (): Promise<Resolved | undefined> =>
        (await readManifest(repository, reference, call))?.descriptor;
      if (!heads.use(host)) return read();
      const head = request(repository, `manifests/${reference}`, { ...ASK, method: 'HEAD' }, call);
      const response = await fetch(head).catch(ignoreRedirectFailure);
      await response?.body.discard();
      if (response === undefined || heads.doubt(host, response.status)) {
        // A 5xx to the HEAD would be repeated for a GET, and has been retried already.
        const isDown = (response?.status ?? 0) >= 500;
        const found = isDown ? (await ask(repository, reference, call, BRIEFLY))?.manifest.descriptor : await read();
        heads.found(host, response?.status, found !== undefined);
        return found;
      }
      if (response.status !== 200) return undefined;
      // A registry may omit the digest (distribution-spec 1.1); then it is computed from the bytes.
      return describe(response, reference) ?? (await read());
    },
  };
}

type Get = (
  repository: RepositoryName,
  reference: string,
  call: Call,
  more?: Pick<HttpRequest, 'retryWithin'>,
) => Promise<Served | undefined>;

function manifestGet({ fetch, kindOf }: ReadingServices, request: RequestTo): Get {
  return async (repository, reference, call, more) => {
    const get = request(
      repository,
      `manifests/${reference}`,
      { ...ASK, ...more, method: 'GET', progress: newProgress() },
      call,
    );
    const { response, bytes } = await readAll(fetch, get, MAX_MANIFEST_BYTES);
    if (isMissing(response.status, kindOf(hostOf(repository)))) return undefined;
    await ensureStatus(response, [200], 'read the manifest', referenceText(repository, reference));
    return receive(bytes, reference, response);
  };
}

/** Returns undefined if a HEAD was redirected to an address that is signed for GET only, or to an invalid one. */
function ignoreRedirectFailure(error: unknown): undefined {
  if (!isPromotionError(error, 'REFUSED_ADDRESS') && !isPromotionError(error, 'REGISTRY_PROTOCOL')) throw error;
}

type Heads = {
  /** Returns true if a HEAD is worth sending. */
  use(host: string): boolean;
  /** Returns true if only a GET can decide after this status of a HEAD. */
  doubt(host: string, status: number): boolean;
  /** Records the result of the GET. */
  found(host: string, status: number | undefined, there: boolean): void;
};

function headsOf(kindOf: ReadingServices['kindOf']): Heads {
  const useless = new Set<string>();
  const proven = new Set<string>();
  return {
    use: (host) => !useless.has(host),
    doubt: (host, status) => {
      if (status === 200) proven.add(host);
      if (isMissing(status, kindOf(host))) return kindOf(host).doubtsHeads === true && !proven.has(host);
      return status !== 200;
    },
    found: (host, status, there) => {
      if (there || status === 405 || status === 501) useless.add(host);
    },
  };
}

/** A manifest as received; `isSound` unless another digest was requested or announced. */
type Served = { readonly manifest: ReadManifest; readonly isSound: boolean };

function receive(bytes: Uint8Array, reference: string, response: HttpResponse): Served {
  const told = header(response, 'docker-content-digest');
  const wanted = isDigest(reference) ? reference : told !== undefined && isDigest(told) ? told : undefined;
  const digest = isDigest(reference) ? digestOf(bytes, reference) : digestOf(bytes);
  const mediaType = manifestTypeOf(bytes, contentType(response));
  const isSound = wanted === undefined || algorithmOf(wanted) !== algorithmOf(digest) || wanted === digest;
  const descriptor = { mediaType, digest, size: bytes.length };
  const servedAs = disputedType(bytes, contentType(response));
  return { manifest: { bytes, descriptor, servedAs, etag: header(response, 'etag') }, isSound };
}

function mismatch(object: string, digest: Digest): PromotionError {
  return new PromotionError(
    'DIGEST_MISMATCH',
    `the registry returned for ${object}, twice, a manifest whose digest is ${digest}`,
    { hint: 'retry; if it persists, the image there is damaged: push it to staging again' },
  );
}

/** Returns the error codes in a registry's JSON error body. */
export function errorCodesIn(text: string): readonly string[] {
  return [...text.matchAll(/"code"\s*:\s*"([A-Z_]{1,40})"/g)].map(([, code = '']) => code);
}

/** Returns the first error code in a registry's JSON error body. */
export function errorCodeIn(text: string): string | undefined {
  return errorCodesIn(text)[0];
}

function describe(response: HttpResponse, reference: string): Resolved | undefined {
  const digest = header(response, 'docker-content-digest') ?? (isDigest(reference) ? reference : undefined);
  if (digest === undefined || !isDigest(digest)) return undefined;
  const length = header(response, 'content-length') ?? '';
  return {
    digest,
    mediaType: contentType(response) ?? UNKNOWN_TYPE,
    size: /^\d+$/.test(length) ? Number(length) : undefined,
    etag: header(response, 'etag'),
  };
}

function contentType(response: HttpResponse): string | undefined {
  const type = header(response, 'content-type')?.split(';')[0]?.trim().toLowerCase();
  return isMediaType(type) ? type : undefined;
}
