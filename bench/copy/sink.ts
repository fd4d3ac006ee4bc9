import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { linkOf } from './link.ts';

// node sink.ts COUNT GBIT: registries that take blobs and throw the bytes away, in a process of their own. Twenty-two
// registries that write to one disk would measure the disk. They share one link of this speed (link.ts). Prints the
// addresses as one JSON line, and ends with stdin.

const [count = 0, gbit = 0] = process.argv.slice(2).map(Number);
const link = linkOf(gbit);

function sink(): Promise<string> {
  const manifests = new Map<string, { readonly type: string; readonly bytes: Buffer }>();
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', 'http://sink');
    const [, repository = '', kind = '', reference = ''] =
      /^(.*)\/(blobs|manifests)\/([^/]*)$/.exec(url.pathname) ?? [];
    if (request.method === 'POST') return end(response, 202, { location: `${url.pathname}session` });
    const digest = url.searchParams.get('digest');
    if (request.method === 'PUT' && digest !== null) {
      if (gbit === 0) await finished(request.resume());
      else for await (const chunk of request) await link.carry((chunk as Buffer).length);
      return end(response, 201, { location: `/v2/blobs/${digest}`, 'docker-content-digest': digest });
    }
    if (request.method === 'PUT' && kind === 'manifests') {
      const bytes = await buffer(request);
      const own = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      for (const name of [own, reference])
        manifests.set(`${repository}${name}`, { type: request.headers['content-type'] ?? '', bytes });
      return end(response, 201, { location: `/v2/manifests/${own}`, 'docker-content-digest': own });
    }
    const held = kind === 'manifests' ? manifests.get(`${repository}${reference}`) : undefined;
    if (held === undefined) return end(response, url.pathname === '/v2/' ? 200 : 404, {});
    const own = `sha256:${createHash('sha256').update(held.bytes).digest('hex')}`;
    const headers = {
      'content-type': held.type,
      'docker-content-digest': own,
      'content-length': `${held.bytes.length}`,
    };
    end(response, 200, headers, request.method === 'HEAD' ? undefined : held.bytes);
  };
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

function end(response: ServerResponse, status: number, headers: Record<string, string>, body?: Buffer): void {
  response
    .writeHead(status, body === undefined && status !== 200 ? { 'content-length': '0', ...headers } : headers)
    .end(body);
}

const addresses = await Promise.all(Array.from({ length: count }, sink));
process.stdout.write(`${JSON.stringify(addresses)}\n`);
process.stdin.resume().on('end', () => process.exit(0));
