import { describe, expect, it, onTestFinished } from 'vitest';
import { requestTo } from '../../test/support/http-request.ts';
import { scriptedServer } from '../../test/support/scripted-server.ts';
import { realClock } from '../clock.ts';
import type { HttpRequest } from './fetch.ts';
import { transport } from './transport.ts';
import { unmask } from './unmask.ts';

const LIMITED = '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}';

async function ask(
  status: number,
  body: string,
  headers: Record<string, string> = {},
  given: Partial<HttpRequest> = {},
): Promise<string> {
  const server = await scriptedServer((_, response) => void response.writeHead(status, headers).end(body));
  const sockets = transport({ clock: realClock(), connections: 1 });
  onTestFinished(() => sockets.close());
  const response = await unmask(sockets.fetch)(requestTo(server.url, { operation: 'list', ...given }));
  return `${response.status} ${Buffer.from(await response.body.bytes(10_000)).toString()}`;
}

describe('src/http/unmask', () => {
  it.each([200, 403])('calls a refusal for a limit under status %i what it is, and keeps its words', async (status) => {
    expect(await ask(status, LIMITED, { 'content-length': String(LIMITED.length) })).toBe(`429 ${LIMITED}`);
  });

  it('knows one that comes without a length', async () => {
    expect(await ask(200, LIMITED, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })).toBe(
      `429 ${LIMITED}`,
    );
  });

  it('leaves every other answer as it is', async () => {
    const denied = '{"errors":[{"code":"DENIED"}]}';
    const listed = '{"name":"app","tags":["TOOMANYREQUESTS"]}';
    const annotated = '{"annotations":{"x":"{\\"errors\\":[{\\"code\\":\\"TOOMANYREQUESTS\\"}]}"}}';
    for (const [status, body] of [
      [403, denied],
      [200, listed],
      [200, annotated],
      [404, LIMITED],
    ] as const) {
      expect(await ask(status, body, { 'content-length': String(body.length) })).toBe(`${status} ${body}`);
    }
  });

  it('does not look into blobs', async () => {
    const headers = { 'content-length': String(LIMITED.length) };
    expect(await ask(200, LIMITED, headers, { operation: 'download' })).toBe(`200 ${LIMITED}`);
  });
});
