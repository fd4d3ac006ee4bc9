import { randomUUID } from 'node:crypto';
import { isDigest, type Digest } from '../../../src/image/digest.ts';
import { blobSink, type BlobSink } from '../memory-registry/store.ts';
import type { Exchange } from './options.ts';
import { failure, type Reply } from './reply.ts';

/** Open uploads by their id. */
export type Uploads = Map<string, { readonly repository: string; readonly sink: BlobSink }>;

const KEEP_BELOW = 64 * 1024 * 1024;

/** Starts an upload, mounts a blob, or takes the whole blob at once (distribution-spec, «Pushing blobs»). */
export async function postUpload(exchange: Exchange): Promise<Reply> {
  const { store, route, url, uploads, options, gate, request } = exchange;
  const mount = url.searchParams.get('mount');
  const from = url.searchParams.get('from');
  if (mount !== null && !isDigest(mount)) return failure(400, 'DIGEST_INVALID', `mount=${mount} is no digest`);
  if (
    mount !== null &&
    from !== null &&
    options.mounts !== false &&
    gate.mayPull(request, from) &&
    store.mount(route.repository, mount, from)
  ) {
    exchange.mounted();
    return created(route.repository, 'blobs', mount);
  }
  const id = randomUUID();
  uploads.set(id, { repository: route.repository, sink: blobSink(options.keepUploadsBelow ?? KEEP_BELOW) });
  const digest = url.searchParams.get('digest');
  return digest === null ? progress(exchange, id, 202, 0) : finish(exchange, id, digest);
}

/** Takes one chunk; chunks must come in order. */
export async function patchUpload(exchange: Exchange): Promise<Reply> {
  const { reference: id } = exchange.route;
  const sink = sinkOf(exchange);
  if (sink === undefined) return unknown(id);
  if (outOfOrder(exchange, sink)) return progress(exchange, id, 416, sink.size());
  for await (const chunk of exchange.body()) sink.write(chunk);
  return progress(exchange, id, 202, sink.size());
}

/** Takes the last chunk, or all of the blob, and stores it when its digest is right. */
export async function putUpload(exchange: Exchange): Promise<Reply> {
  const { reference: id } = exchange.route;
  const sink = sinkOf(exchange);
  if (sink === undefined) return unknown(id);
  if (outOfOrder(exchange, sink)) return progress(exchange, id, 416, sink.size());
  return finish(exchange, id, exchange.url.searchParams.get('digest') ?? '');
}

/** Says how much of an upload has arrived. */
export function getUpload(exchange: Exchange): Reply {
  const sink = sinkOf(exchange);
  return sink === undefined
    ? unknown(exchange.route.reference)
    : progress(exchange, exchange.route.reference, 204, sink.size());
}

/** Forgets an upload. */
export function deleteUpload(exchange: Exchange): Reply {
  if (sinkOf(exchange) === undefined) return unknown(exchange.route.reference);
  exchange.uploads.delete(exchange.route.reference);
  return { status: 204 };
}

/** The answer to a blob or manifest that was stored. */
export function created(repository: string, what: 'blobs' | 'manifests', digest: Digest): Reply {
  return { status: 201, headers: { location: `/v2/${repository}/${what}/${digest}`, 'docker-content-digest': digest } };
}

async function finish(exchange: Exchange, id: string, digest: string): Promise<Reply> {
  const { uploads, store, route } = exchange;
  const upload = uploads.get(id);
  if (upload === undefined) return unknown(id);
  if (!isDigest(digest)) return failure(400, 'DIGEST_INVALID', `"${digest}" is no digest`);
  for await (const chunk of exchange.body()) upload.sink.write(chunk);
  uploads.delete(id);
  const content = upload.sink.finish(digest);
  if (content === undefined)
    return failure(400, 'DIGEST_INVALID', `the ${upload.sink.size()} bytes that came do not have the digest ${digest}`);
  const isKept =
    exchange.options.keepsDamaged === true && store.repository(route.repository)?.blobs.has(digest) === true;
  if (!isKept) store.putBlob(route.repository, digest, content);
  return created(route.repository, 'blobs', digest);
}

function sinkOf({ uploads, route }: Exchange): BlobSink | undefined {
  const upload = uploads.get(route.reference);
  return upload?.repository === route.repository ? upload.sink : undefined;
}

function outOfOrder({ request }: Exchange, sink: BlobSink): boolean {
  const range = request.headers['content-range'];
  return range !== undefined && Number(/^(\d+)-\d+$/.exec(range)?.[1]) !== sink.size();
}

function progress({ route }: Exchange, id: string, status: number, size: number): Reply {
  // The query stands for the state that real registries sign: it must come back untouched.
  const location = `/v2/${route.repository}/blobs/uploads/${id}?_state=${Buffer.from(id).toString('base64url')}%3D`;
  return { status, headers: { location, range: `0-${Math.max(0, size - 1)}`, 'docker-upload-uuid': id } };
}

function unknown(id: string): Reply {
  return failure(404, 'BLOB_UPLOAD_UNKNOWN', `there is no upload ${id}`);
}
