import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import type { Part } from './images.ts';
import { missing, type HostileAnswer } from './server.ts';

/** Serves parts by digest like a registry, but what `isSlow` in crumbs: ten bytes for each connection, or for each beat of one. */
export function crumbs(
  parts: readonly Part[],
  isSlow: (path: string) => boolean,
  form: 'a connection' | 'a beat',
  beatMs: number,
): HostileAnswer {
  // Each connection asks again: what is joined once need not be joined for ten bytes.
  const whole = parts.map(({ descriptor, pieces }) => ({ descriptor, bytes: Buffer.concat(pieces) }));
  return async ({ method, url, request }, response) => {
    const part = whole.find(({ descriptor }) => url.pathname.endsWith(descriptor.digest));
    if (part === undefined || !/\/(?:manifests|blobs)\//.test(url.pathname)) return missing(response);
    const { bytes } = part;
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from === 0 ? 200 : 206, {
      'content-type': part.descriptor.mediaType,
      'content-length': bytes.length - from,
      'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    });
    if (method === 'HEAD' || !isSlow(url.pathname))
      return void response.end(method === 'HEAD' ? undefined : bytes.subarray(from));
    if (form === 'a connection') {
      response.write(bytes.subarray(from, from + 10), () => response.destroy());
      return undefined;
    }
    return dribble(response, bytes.subarray(from), beatMs);
  };
}

async function dribble(response: ServerResponse, bytes: Uint8Array, beatMs: number): Promise<void> {
  for (let at = 0; at < bytes.length && !response.destroyed; at += 10) {
    response.write(bytes.subarray(at, at + 10));
    await sleep(beatMs, undefined, { ref: false });
  }
  response.end();
}

/** Answers like an empty registry that takes everything, but never a request of this method whose path matches. */
export const silentOn =
  (silent: 'POST' | 'PUT', path: RegExp): HostileAnswer =>
  async ({ method, url, request }, response) => {
    request.resume();
    if (method === silent && path.test(url.pathname)) return undefined;
    if (method === 'POST') return void response.writeHead(202, { location: `${url.pathname}1` }).end();
    if (method !== 'PUT') return missing(response);
    request.on('end', () => response.writeHead(201).end());
    return undefined;
  };

/** Takes an upload in crumbs, so that the client waits with all that the sockets do not hold. */
export const slowUploads =
  (beatMs: number): HostileAnswer =>
  async ({ method, url, request }, response) => {
    if (method === 'POST') return void response.writeHead(202, { location: `${url.pathname}1` }).end();
    if (method !== 'PUT') return missing(response);
    request.pause();
    while (!request.destroyed && request.read(16_384) !== undefined) await sleep(beatMs, undefined, { ref: false });
    return undefined;
  };
