import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scriptedRegistry } from '../../../test/support/scripted-registry.ts';
import type { Answer } from '../../../test/support/scripted-server.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import { verified } from './blobs.ts';
import { hashCheckpoints } from './hash-checkpoints.ts';

const BYTES = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
const descriptorOf = (bytes: Uint8Array, size = bytes.length): Descriptor => ({
  mediaType: 'application/octet-stream',
  digest: digestOf(bytes),
  size,
});
const BLOB = descriptorOf(BYTES);
const HALF = BYTES.length / 2;

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Serves half of the blob and breaks off; each later request gets the next answer of the list. */
function breakingOff(...later: readonly Answer[]): Answer {
  let nth = 0;
  return (request, response) => {
    const next = later[nth - 1];
    nth += 1;
    if (next !== undefined) return next(request, response);
    response.writeHead(200, { 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, HALF), () => response.destroy());
    return undefined;
  };
}

/** Serves what is asked for without a length, and ends without a word at each of the offsets in turn. */
function cutting(ends: readonly number[]): Answer {
  let nth = 0;
  return ({ socket, headers }) => {
    const start = Number(/\d+/.exec(headers.range ?? '')?.[0] ?? 0);
    const range =
      headers.range === undefined ? '' : `content-range: bytes ${start}-${BYTES.length - 1}/${BYTES.length}\r\n`;
    socket.write(`HTTP/1.0 ${headers.range === undefined ? '200 OK' : '206 Partial Content'}\r\n${range}\r\n`);
    socket.end(BYTES.subarray(start, ends[nth]));
    nth += 1;
  };
}

const partial =
  (range: string, body: Uint8Array): Answer =>
  (_, response) =>
    void response.writeHead(206, { 'content-range': range, 'content-length': body.length }).end(body);

describe('src/registry/distribution/blobs', () => {
  it('passes on exactly the bytes of the digest, however they are split', async () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.nat({ max: 300 }), { maxLength: 5 }), async (content, cuts) => {
        const whole = await collect(
          verified(descriptorOf(content), 'r.test/app', () => streamOf(cutAt(content, cuts))),
        );
        expect(whole.equals(content)).toBe(true);
      }),
    );
  });

  it('never passes on the whole of any other content', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(bytes, bytes, fc.array(fc.nat({ max: 100 }), { maxLength: 3 }), async (wanted, served, cuts) => {
        fc.pre(!Buffer.from(wanted).equals(served));
        let passed = 0;
        const read = async (): Promise<void> => {
          const chunks = verified(descriptorOf(wanted), 'r.test/app', () => streamOf(cutAt(served, cuts)));
          for await (const chunk of chunks) passed += chunk.length;
        };
        await expect(read()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', side: 'source' });
        expect(passed).toBeLessThan(Math.max(wanted.length, 1));
      }),
    );
  });

  it("rejects bytes of the right digest whose length differs from the manifest's", async () => {
    const reading = collect(verified(descriptorOf(BYTES, BYTES.length + 1), 'r.test/app', () => streamOf([BYTES])));
    await expect(reading).rejects.toThrow(`only ${BYTES.length} bytes, not the ${BYTES.length + 1} bytes`);
  });

  it('reads a part from the last checkpoint on, and verifies the whole with it', async () => {
    const large = Buffer.alloc(5_000_000, BYTES);
    const blob = descriptorOf(large);
    const marks = hashCheckpoints(blob.digest);
    const asked: number[] = [];
    const serve =
      (bytes: Uint8Array) =>
      (offset: number): AsyncIterable<Uint8Array> => {
        asked.push(offset);
        return streamOf(cutAt(bytes.subarray(offset), [300_000, 2_500_000]));
      };
    const from = 3_000_000;
    const part = (bytes: Uint8Array): Promise<Buffer> =>
      collect(verified(blob, 'r.test/app', serve(bytes), { from, marks }));
    expect((await part(large)).equals(large.subarray(from))).toBe(true);
    expect((await part(large)).equals(large.subarray(from))).toBe(true);
    expect(asked).toEqual([0, 2_500_000]);
    const other = Buffer.from(large);
    other[4_000_000] = 255;
    await expect(part(other)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', side: 'source' });
  });

  it('resumes an interrupted download', async () => {
    const answer = breakingOff(partial(`bytes ${HALF}-${BYTES.length - 1}/${BYTES.length}`, BYTES.subarray(HALF)));
    const { registry, server, host, call } = await scriptedRegistry(answer);
    expect((await collect(registry.readBlob(`${host}/app`, BLOB, call))).equals(BYTES)).toBe(true);
    expect(server.headers.map(({ range }) => range)).toEqual([undefined, `bytes=${HALF}-`]);
  });

  it('skips the bytes that it has when the registry ignores the range', async () => {
    const answer = breakingOff((_, response) => void response.writeHead(200).end(BYTES));
    const { registry, host, call } = await scriptedRegistry(answer);
    expect((await collect(registry.readBlob(`${host}/app`, BLOB, call))).equals(BYTES)).toBe(true);
  });

  it.each([
    ['another range', partial(`bytes 0-${HALF - 1}/${BYTES.length}`, BYTES.subarray(0, HALF))],
    ['no range at all', (_, response) => void response.writeHead(206).end('x')],
    ['refused', (_, response) => void response.writeHead(416).end()],
    ['not there', (_, response) => void response.writeHead(404).end()],
    ['forbidden', (_, response) => void response.writeHead(403).end()],
  ] satisfies [string, Answer][])('reads once more from the start when a part is %s', async (_, part) => {
    const whole: Answer = (_request, response) => void response.writeHead(200).end(BYTES);
    const { registry, server, host, call } = await scriptedRegistry(breakingOff(part, whole));
    expect((await collect(registry.readBlob(`${host}/app`, BLOB, call))).equals(BYTES)).toBe(true);
    expect(server.headers.map(({ range }) => range)).toEqual([undefined, `bytes=${HALF}-`, undefined]);
    const refusing = await scriptedRegistry(breakingOff(part, part));
    await expect(
      collect(refusing.registry.readBlob(`${refusing.host}/app`, BLOB, refusing.call)),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^(?:REGISTRY_PROTOCOL|NOT_FOUND|DENIED)$/) as string });
    expect(refusing.server.requests).toHaveLength(3);
  });

  it('resumes when a body without a length ends early', async () => {
    const answer = cutting([HALF, 3 * (HALF / 2)]);
    const { registry, server, host, call } = await scriptedRegistry(answer);
    expect((await collect(registry.readBlob(`${host}/app`, BLOB, call))).equals(BYTES)).toBe(true);
    expect(server.headers.map(({ range }) => range)).toEqual([undefined, `bytes=${HALF}-`, `bytes=${1.5 * HALF}-`]);
  });

  it("ends at the descriptor's size, although the last chunk never comes", async () => {
    const { registry, server, host, call } = await scriptedRegistry(({ socket }) => {
      const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
      socket.write(`${head}${BYTES.length.toString(16)}\r\n`);
      socket.write(BYTES);
      socket.end('\r\n');
    });
    expect((await collect(registry.readBlob(`${host}/app`, BLOB, call))).equals(BYTES)).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  it('reports a short blob as damaged, in parts as well as whole', async () => {
    const short = BYTES.subarray(0, HALF);
    const { registry, server, host, call } = await scriptedRegistry(({ headers }, response) => {
      if (headers.range === undefined) response.writeHead(200).end(short);
      else response.writeHead(416).end();
    });
    const reading = collect(registry.readBlob(`${host}/app`, BLOB, call));
    await expect(reading).rejects.toThrow(`has only ${HALF} bytes, not the ${BYTES.length} bytes`);
    expect(server.headers.map(({ range }) => range)).toEqual([undefined, `bytes=${HALF}-`, undefined]);
  });

  it('throws NOT_FOUND for a missing blob, and the error of any other refusal', async () => {
    let status = 404;
    const { registry, host, call } = await scriptedRegistry((_, response) => void response.writeHead(status).end());
    await expect(collect(registry.readBlob(`${host}/app`, BLOB, call))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    status = 403;
    await expect(collect(registry.readBlob(`${host}/app`, BLOB, call))).rejects.toMatchObject({ code: 'DENIED' });
  });
});
