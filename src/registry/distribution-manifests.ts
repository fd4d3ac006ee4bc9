import { PromotionError } from '../errors.ts';
import { header, type Fetch, type HttpResponse } from '../http/fetch.ts';
import { ensureStatus, readAll } from '../http/read.ts';
import { ACCEPTED_MANIFESTS, type Descriptor, type Manifest } from '../image/descriptor.ts';
import { digestOf, isDigest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { RequestTo } from './distribution-request.ts';
import type { ManifestReader, ManifestWriter } from './roles.ts';

/** Twice what the specification makes a registry accept (4 MiB), so that a larger one is seen and refused by name. */
const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;

const ACCEPT = { accept: ACCEPTED_MANIFESTS.join(', ') };

/** `repository@digest` or `repository:tag`, as people write it. */
export function referenceText(repository: RepositoryName, reference: string): string {
  return `${repository}${isDigest(reference) ? '@' : ':'}${reference}`;
}

/** Manifests over HTTP, read byte for byte. */
export function manifestReading(fetch: Fetch, request: RequestTo): ManifestReader {
  const readManifest: ManifestReader['readManifest'] = async (repository, reference, call) => {
    const object = referenceText(repository, reference);
    const get = request(
      repository,
      `manifests/${reference}`,
      { method: 'GET', operation: 'read', headers: ACCEPT },
      call,
    );
    const { response, bytes } = await readAll(fetch, get, MAX_MANIFEST_BYTES);
    if (response.status === 404) return undefined;
    await ensureStatus(response, [200], 'read the manifest', object);
    return parseManifest(bytes, reference, response, object);
  };

  return {
    readManifest,
    resolveManifest: async (repository, reference, call) => {
      const object = referenceText(repository, reference);
      const head = request(
        repository,
        `manifests/${reference}`,
        { method: 'HEAD', operation: 'read', headers: ACCEPT },
        call,
      );
      const response = await fetch(head);
      await response.body.discard();
      if (response.status === 404) return undefined;
      await ensureStatus(response, [200], 'look up the manifest', object);
      // A registry need not say the digest (distribution-spec 1.1), and then only the bytes tell.
      return describe(response, reference) ?? (await readManifest(repository, reference, call))?.descriptor;
    },
  };
}

/** Manifests over HTTP, written byte for byte. */
export function manifestWriting(fetch: Fetch, request: RequestTo): ManifestWriter {
  return {
    writeManifest: async (repository, reference, manifest, call) => {
      const object = referenceText(repository, reference);
      const put = request(
        repository,
        `manifests/${reference}`,
        {
          method: 'PUT',
          operation: 'write',
          headers: { 'content-type': manifest.descriptor.mediaType },
          body: { kind: 'bytes', bytes: manifest.bytes },
        },
        call,
      );
      const response = await fetch(put);
      await refuseUnknownParts(response, object);
      await ensureStatus(response, [201, 200, 202, 204], 'write the manifest', object);
      await response.body.discard();
      const stored = header(response, 'docker-content-digest');
      if (stored !== undefined && stored !== manifest.descriptor.digest && stored.startsWith('sha256:')) {
        throw new PromotionError(
          'DIGEST_MISMATCH',
          `the registry stored ${object} as ${stored}, not as ${manifest.descriptor.digest}`,
          { side: 'destination', hint: 'it must keep manifests byte for byte: look for a setting that converts them' },
        );
      }
    },
  };
}

function parseManifest(bytes: Uint8Array, reference: string, response: HttpResponse, object: string): Manifest {
  const digest = isDigest(reference) ? digestOf(bytes, reference) : digestOf(bytes);
  if (isDigest(reference) && digest !== reference) {
    throw new PromotionError(
      'DIGEST_MISMATCH',
      `the registry answered for ${object} with a manifest whose digest is ${digest}`,
    );
  }
  const mediaType = mediaTypeIn(bytes) ?? contentType(response) ?? 'application/octet-stream';
  return { bytes, descriptor: { mediaType, digest, size: bytes.length } };
}

/** Registries say 400 or 404 for a manifest whose blobs or children they do not have. */
async function refuseUnknownParts(response: HttpResponse, object: string): Promise<void> {
  if (response.status !== 400 && response.status !== 404) return;
  const text = Buffer.from(await response.body.bytes(64 * 1024)).toString('utf8');
  const code = errorCodeIn(text);
  if (code !== undefined && /^(?:MANIFEST_)?BLOB_UNKNOWN$|^MANIFEST_UNKNOWN$/.test(code)) {
    throw new PromotionError('BLOB_UNKNOWN', `the registry lacks a part of ${object} (${code})`, {
      side: 'destination',
    });
  }
  throw new PromotionError(
    'REGISTRY_PROTOCOL',
    `cannot write the manifest ${object}: ${response.status} ${code ?? ''}`.trimEnd(),
    { side: 'destination' },
  );
}

/** The first error code in a registry's JSON error body. */
export function errorCodeIn(text: string): string | undefined {
  return /"code"\s*:\s*"([A-Z_]{1,40})"/.exec(text)?.[1];
}

function mediaTypeIn(bytes: Uint8Array): string | undefined {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const mediaType =
      typeof document === 'object' && document !== null ? (document as { mediaType?: unknown }).mediaType : undefined;
    return typeof mediaType === 'string' ? mediaType : undefined;
  } catch {
    return undefined;
  }
}

function describe(response: HttpResponse, reference: string): Descriptor | undefined {
  const digest = header(response, 'docker-content-digest') ?? (isDigest(reference) ? reference : undefined);
  if (digest === undefined || !isDigest(digest)) return undefined;
  return {
    digest,
    mediaType: contentType(response) ?? 'application/octet-stream',
    size: Number(header(response, 'content-length') ?? 0),
  };
}

function contentType(response: HttpResponse): string | undefined {
  return header(response, 'content-type')?.split(';')[0]?.trim().toLowerCase();
}
