import { isDigest, type Digest } from '../../../src/image/digest.ts';
import { isTag } from '../../../src/image/reference.ts';
import type { Exchange } from './options.ts';
import { failure, type Reply } from './reply.ts';
import { created } from './uploads.ts';

/** Registries must take manifests of 4 MiB and may refuse larger ones (distribution-spec, «Pushing manifests»). */
const MAX_MANIFEST = 4 * 1024 * 1024;

/** A manifest by tag or digest, with its body or as HEAD. */
export function getManifest({ store, route, request, options }: Exchange): Reply {
  const digest = store.resolve(route.repository, route.reference);
  const stored = digest === undefined ? undefined : store.repository(route.repository)?.manifests.get(digest);
  if (digest === undefined || stored === undefined)
    return failure(404, 'MANIFEST_UNKNOWN', `${route.reference} is not in ${route.repository}`);
  if (options.strictAccept !== false && !accepts(request.headers.accept, stored.mediaType)) {
    return failure(
      404,
      'MANIFEST_UNKNOWN',
      `${route.reference} is ${stored.mediaType}, which the request does not accept`,
    );
  }
  const headers = {
    'content-type': stored.mediaType,
    ...(options.omitDigestHeader !== true && { 'docker-content-digest': digest }),
    ...(options.conditionalWrites === true && { etag: `"${digest}"` }),
  };
  if (request.method === 'HEAD') return { status: 200, headers: { ...headers, 'content-length': String(stored.size) } };
  if (stored.bytes === undefined) return failure(500, 'UNKNOWN', `only the digest of ${digest} was loaded`);
  return { status: 200, headers, body: stored.bytes };
}

/** Stores a manifest when everything that it names is there. */
export async function putManifest(exchange: Exchange): Promise<Reply> {
  const { store, route, request, options } = exchange;
  if (!isTag(route.reference) && !isDigest(route.reference))
    return failure(400, 'MANIFEST_INVALID', `"${route.reference}" is neither a tag nor a digest`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of exchange.body()) {
    size += chunk.length;
    if (size <= MAX_MANIFEST) chunks.push(chunk);
  }
  if (size > MAX_MANIFEST) return failure(413, 'SIZE_INVALID', `a manifest of ${size} bytes is too large`);
  const mediaType = request.headers['content-type'];
  if (mediaType === undefined) return failure(400, 'MANIFEST_INVALID', 'a manifest needs a Content-Type');
  if (options.conditionalWrites === true && !meetsCondition(exchange))
    return failure(412, 'PRECONDITION_FAILED', `${route.reference} has changed`);
  const stored = store.putManifest(route.repository, route.reference, mediaType, Buffer.concat(chunks));
  if ('refused' in stored)
    return failure(stored.refused === 'TAG_IMMUTABLE' ? 409 : 400, stored.refused, stored.message);
  const reply = created(route.repository, 'manifests', stored.digest);
  const announces = options.referrers !== false && options.referrers !== 'unannounced';
  const subject = announces ? stored.subject : undefined;
  return subject === undefined ? reply : { ...reply, headers: { ...reply.headers, 'oci-subject': subject } };
}

/** https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1 */
function meetsCondition({ store, route, request }: Exchange): boolean {
  const current = store.resolve(route.repository, route.reference);
  if (request.headers['if-none-match'] === '*') return current === undefined;
  const wanted = request.headers['if-match'];
  return wanted === undefined || wanted === `"${current ?? ''}"`;
}

/** Removes a tag, a manifest or a blob. */
export function remove({ store, route }: Exchange): Reply {
  const what = route.kind === 'deleteBlob' ? 'blob' : 'manifest';
  if (store.remove(route.repository, what, route.reference)) return { status: 202 };
  return failure(
    404,
    what === 'blob' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN',
    `${route.reference} is not in ${route.repository}`,
  );
}

/** A blob or a range of it, with its body or as HEAD. */
export function getBlob({ store, route, request }: Exchange): Reply {
  const { repository, reference } = route;
  if (!isDigest(reference)) return failure(400, 'DIGEST_INVALID', `"${reference}" is no digest`);
  const content = store.repository(repository)?.blobs.get(reference);
  if (content === undefined) return failure(404, 'BLOB_UNKNOWN', `${reference} is not in ${repository}`);
  const headers = blobHeaders(reference);
  if (request.method === 'HEAD')
    return { status: 200, headers: { ...headers, 'content-length': String(content.size) } };
  if (content.chunks === undefined) return failure(500, 'UNKNOWN', `the bytes of ${reference} were not kept`);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (range === null) return { status: 200, headers, stream: { content, start: 0, end: content.size } };
  const start = Number(range[1]);
  const end = range[2] === '' ? content.size : Math.min(content.size, Number(range[2]) + 1);
  if (start >= end) return { status: 416, headers: { 'content-range': `bytes */${content.size}` } };
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${content.size}` },
    stream: { content, start, end },
  };
}

function blobHeaders(digest: Digest): Record<string, string> {
  return { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, 'accept-ranges': 'bytes' };
}

function accepts(accept: string | undefined, mediaType: string): boolean {
  // Without the header everything is acceptable (RFC 9110, 12.5.1).
  if (accept === undefined) return true;
  const types = accept.split(',').map((part) => part.split(';')[0]?.trim().toLowerCase());
  return types.includes('*/*') || types.includes('application/*') || types.includes(mediaType.toLowerCase());
}
