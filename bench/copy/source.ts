import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MEDIA_TYPES } from '../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { linkOf } from './link.ts';

// node source.ts LAYERS MIB GBIT: a registry with one image, in its own process. A layer is one block of memory repeated, so
// that serving it costs little more than the kernel's copy. All connections share a link of this speed (link.ts).
// Prints `Source` as one JSON line, and exits when stdin ends.

/** The repository of the image is `staging/large`. `GET /reads` returns the number of reads of all layers. */
export type Source = { readonly address: string; readonly digest: Digest; readonly layers: readonly Digest[] };

/** Blobs are written in pieces of this size: large enough that JavaScript takes no visible part of the time. */
const BLOCK = 1024 * 1024;

type Content = { readonly first: Buffer; readonly size: number };

const block = randomBytes(BLOCK);
const [layerCount = 0, layerMiB = 0, gbit = 0] = process.argv.slice(2).map(Number);
const link = linkOf(gbit);
const contents = new Map<string, Content>();
const manifests = new Map<string, Buffer>();
let reads = 0;

/** Adds a layer that differs from the others in its first block. */
function layer(index: number): { readonly digest: Digest; readonly size: number } {
  const first = Buffer.from(block);
  first.writeUInt32LE(index);
  const hash = createHash('sha256').update(first);
  for (let mib = 1; mib < layerMiB; mib += 1) hash.update(block);
  const digest = `sha256:${hash.digest('hex')}` as Digest;
  contents.set(digest, { first, size: layerMiB * BLOCK });
  return { digest, size: layerMiB * BLOCK };
}

async function answer({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, kind = '', reference = ''] = /\/(blobs|manifests|reads)\/?([^/]*)$/.exec(url) ?? [];
  if (kind === 'reads') return end(response, {}, Buffer.from(JSON.stringify(reads)));
  const manifest = manifests.get(reference);
  const content = kind === 'blobs' ? contents.get(reference) : undefined;
  if (kind === 'manifests' && manifest !== undefined) {
    const headers = { 'content-type': MEDIA_TYPES.ociManifest, 'docker-content-digest': digestOf(manifest) };
    return end(response, headers, method === 'HEAD' ? undefined : manifest, manifest.length);
  }
  if (content === undefined) {
    response.writeHead(url === '/v2/' ? 200 : 404, { 'content-length': '0' }).end();
    return;
  }
  response.writeHead(200, { 'content-length': `${content.size}` });
  if (method === 'HEAD') return void response.end();
  if (content.size > BLOCK) reads += 1;
  for (let sent = 0; sent < content.size && !response.destroyed; sent += BLOCK) {
    if (!response.write(sent === 0 ? content.first : block)) await once(response, 'drain');
    await link.carry(BLOCK);
  }
  response.end();
}

function end(response: ServerResponse, headers: Record<string, string>, body?: Buffer, size = body?.length ?? 0): void {
  response.writeHead(200, { ...headers, 'content-length': `${size}` }).end(body);
}

const layers = Array.from({ length: layerCount }, (_, index) => layer(index));
const config = Buffer.from(
  JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  }),
);
contents.set(digestOf(config), { first: config, size: config.length });
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: layers.map((one) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...one })),
  }),
);
for (const name of [digestOf(manifest), 'v1']) manifests.set(name, manifest);

const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
server.listen(0, '127.0.0.1', () => {
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const source: Source = { address, digest: digestOf(manifest), layers: layers.map(({ digest }) => digest) };
  process.stdout.write(`${JSON.stringify(source)}\n`);
});
process.stdin.resume().on('end', () => process.exit(0));
