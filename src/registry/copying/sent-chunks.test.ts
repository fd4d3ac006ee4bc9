import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { authority } from '../../../test/support/certificates.ts';
import { requestTo } from '../../../test/support/http-request.ts';
import { scriptedServer } from '../../../test/support/scripted-server.ts';
import { openedTransport } from '../../../test/support/sockets.ts';
import { freeing, sentChunks } from './sent-chunks.ts';
import { tee, TEE_DEFAULTS } from './tee.ts';
import { realClock } from '../../clock.ts';
import type { Fetch } from '../../http/fetch.ts';

const KiB = 1024;

/** Sizes around those of socket reads and TLS records, and around the limit of a socket. */
const SIZES = [1, 100, 16 * KiB, 16_384 + 37, 64 * KiB - 1, 64 * KiB, 64 * KiB + 1, 300 * KiB];

/** Chunks that each own their memory, as reads of a socket do. */
function ownChunks(count: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, index) => {
    const size = SIZES[(index * 5) % SIZES.length] ?? 1;
    return new Uint8Array(randomBytes(size));
  });
}

async function* sourceOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const digestOf = (chunks: readonly Uint8Array[]): string =>
  chunks.reduce((hash, chunk) => hash.update(chunk), createHash('sha256')).digest('hex');

/** Reads slowly, so that the sender's socket fills, and responds with the digest of the body. */
async function digestSlowly(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of request) {
    hash.update(chunk as Buffer);
    for (let turn = 0; turn < 3; turn += 1) await setImmediate();
  }
  response.end(hash.digest('hex'));
}

async function sent(fetch: Fetch, url: URL, chunks: AsyncIterable<Uint8Array>, length: number): Promise<string> {
  const response = await fetch(requestTo(url, { method: 'PUT', body: { kind: 'stream', chunks, length } }));
  return Buffer.from(await response.body.bytes(100)).toString();
}

const sizeOf = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, { length }) => sum + length, 0);

describe('src/registry/copying/sent-chunks.ts', () => {
  it('frees a chunk only after 256 KiB from it on were passed on by every reader', () => {
    const chunks = ownChunks(8).map(() => new Uint8Array(64 * KiB));
    const [first, second] = [sentChunks(), sentChunks()];
    const shared = chunks.map((bytes) => ({ bytes, readers: 2 }));
    for (const chunk of shared) first.add(chunk);
    expect(chunks.filter(({ length }) => length === 0)).toHaveLength(0);
    for (const chunk of shared.slice(0, 3)) second.add(chunk);
    expect(chunks.filter(({ length }) => length === 0)).toHaveLength(0);
    for (const chunk of shared.slice(3)) second.add(chunk);
    expect(chunks.map(({ length }) => length === 0)).toEqual([true, true, true, true, true, false, false, false]);
  });

  it('keeps a chunk that is a part of a larger buffer', () => {
    const whole = new Uint8Array(1024 * KiB);
    sentChunks().add({ bytes: whole.subarray(1), readers: 1 });
    expect(whole).toHaveLength(1024 * KiB);
  });

  it('sends every byte unchanged to a server that reads slowly, over HTTP and over TLS', async () => {
    const root = authority('root');
    const secure = createServer(root.issue('chunks', ['127.0.0.1']), (request, response) => {
      void digestSlowly(request, response);
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void secure.close());
    const plain = await scriptedServer(digestSlowly);
    const { fetch } = openedTransport({ settingsOf: () => ({ ca: root.cert }) });
    for (const url of [plain.url, new URL(`https://127.0.0.1:${(secure.address() as AddressInfo).port}`)]) {
      const chunks = ownChunks(100);
      const [digest, length] = [digestOf(chunks), sizeOf(chunks)];
      expect(await sent(fetch, url, freeing(sourceOf(chunks)), length)).toBe(digest);
      expect(chunks.filter((chunk) => chunk.length === 0).length).toBeGreaterThan(80);
    }
  });

  it('sends every byte unchanged to the other mirrors when one leaves the shared read', async () => {
    const server = await scriptedServer(digestSlowly);
    const { fetch } = openedTransport();
    const chunks = ownChunks(60);
    const [digest, length] = [digestOf(chunks), sizeOf(chunks)];
    const [leaving, ...others] = tee(sourceOf(chunks), 3, { clock: realClock(), ...TEE_DEFAULTS });
    const iterator = leaving?.[Symbol.asyncIterator]();
    const uploads = others.map((branch) => sent(fetch, server.url, branch, length));
    for (let read = 0; read < 20; read += 1) await iterator?.next();
    await iterator?.return?.();
    expect(await Promise.all(uploads)).toEqual([digest, digest]);
    expect(chunks.filter((chunk) => chunk.length === 0).length).toBeGreaterThan(20);
  });
});
