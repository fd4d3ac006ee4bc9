import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../../src/clock.ts';
import type { BlobContent } from '../memory-registry/store.ts';
import type { Spoiling } from './faults.ts';

/** An answer before it is sent: a whole body, or a part of a blob as a stream. */
export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly stream?: { readonly content: BlobContent; readonly start: number; readonly end: number };
};

/** How an answer is spoilt on its way. `stall` sends half of it and then nothing; `truncate` breaks off there. */
export type Delivery = {
  readonly cut?: 'truncate' | 'stall' | Spoiling;
  readonly bytesPerSecond?: number;
  readonly clock: Clock;
  readonly onBytes: (count: number) => void;
};

/** The error body of https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
export function failure(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return json(status, { errors: [{ code, message }] }, headers);
}

/** A JSON answer. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** Sends the answer, with its length and without its body where that is a HEAD; rejects when the client goes away. */
export async function send(response: ServerResponse, reply: Reply, head: boolean, delivery: Delivery): Promise<void> {
  const body = typeof reply.body === 'object' ? reply.body : Buffer.from(reply.body ?? '');
  const length = reply.stream === undefined ? body.length : reply.stream.end - reply.stream.start;
  if (!head && (delivery.cut === 'endEarly' || delivery.cut === 'noEnd' || delivery.cut === 'corrupt')) {
    sendSpoilt(response, reply, Buffer.concat([...chunksOf(reply, body, length)]), delivery.cut);
    return;
  }
  const sized = reply.status !== 204 && !(head && reply.headers?.['content-length'] !== undefined);
  response.writeHead(reply.status, { ...reply.headers, ...(sized && { 'content-length': String(length) }) });
  if (delivery.cut !== undefined) {
    // A body of half the promised length; where there is none, the head alone must do.
    const sent = head ? 0 : Math.floor(length / 2);
    response.flushHeaders();
    for (const chunk of chunksOf(reply, body, sent)) {
      response.write(chunk);
      delivery.onBytes(chunk.length);
    }
    if (delivery.cut === 'truncate') response.write('', () => response.destroy());
    return;
  }
  if (head || length === 0) {
    response.end();
    return;
  }
  if (reply.stream === undefined && delivery.bytesPerSecond === undefined) {
    delivery.onBytes(length);
    response.end(body);
    return;
  }
  await pipeline(
    Readable.from(paced(chunksOf(reply, body, length), delivery), { objectMode: true, highWaterMark: 1 }),
    response,
  );
}

function sendSpoilt(response: ServerResponse, { status, headers }: Reply, body: Buffer, how: Spoiling): void {
  if (how === 'endEarly') {
    // Until the connection closes, as in HTTP/1.0.
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.writeHead(status, headers).end(body.subarray(0, Math.floor(body.length / 2)));
  } else if (how === 'noEnd') {
    response.writeHead(status, headers).write(body, () => response.destroy());
  } else {
    const wrong = Buffer.from(body);
    wrong[Math.floor(body.length / 3)] = (body[Math.floor(body.length / 3)] ?? 0) ^ 1;
    response.writeHead(status, { ...headers, 'content-length': String(body.length) }).end(wrong);
  }
}

/** Waits so long that `bytes` take their time at `bytesPerSecond`; returns at once where there is no limit. */
export async function pace(bytes: number, bytesPerSecond: number | undefined, clock: Clock): Promise<void> {
  if (bytesPerSecond !== undefined) await clock.wait((bytes / bytesPerSecond) * 1000);
}

async function* paced(
  chunks: Iterable<Uint8Array>,
  { bytesPerSecond, clock, onBytes }: Delivery,
): AsyncGenerator<Uint8Array> {
  // Ten portions a second look like a slow line; one portion a second would look like a stall.
  const portion = bytesPerSecond === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(bytesPerSecond / 10));
  for (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; offset += portion) {
      const part = chunk.subarray(offset, offset + portion);
      await pace(part.length, bytesPerSecond, clock);
      onBytes(part.length);
      yield part;
    }
  }
}

function chunksOf(reply: Reply, body: Uint8Array, length: number): Iterable<Uint8Array> {
  if (reply.stream === undefined) return length === 0 ? [] : [body.subarray(0, length)];
  const { content, start } = reply.stream;
  return content.chunks?.(start, start + length) ?? [];
}
