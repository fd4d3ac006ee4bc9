import { describe, expect, it, onTestFinished } from 'vitest';
import { requestTo } from '../../../test/support/http-request.ts';
import { scriptedServer } from '../../../test/support/scripted-server.ts';
import { realClock } from '../../clock.ts';
import type { HttpRequest } from '../fetch.ts';
import { transport } from '../transport/transport.ts';
import { normalizeRateLimit } from './rate-limit-codes.ts';

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
  const response = await normalizeRateLimit(sockets.fetch)(requestTo(server.url, { operation: 'list', ...given }));
  return `${response.status} ${Buffer.from(await response.body.bytes(10_000)).toString()}`;
}

describe('src/http/layers/rate-limit-codes', () => {
  it.each([200, 403])('turns a rate limit under status %i into a 429, and keeps its message', async (status) => {
    expect(await ask(status, LIMITED, { 'content-length': String(LIMITED.length) })).toBe(`429 ${LIMITED}`);
  });

  it('recognizes a rate limit without a content length', async () => {
    expect(await ask(200, LIMITED, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })).toBe(
      `429 ${LIMITED}`,
    );
  });

  it.each([
    '{"errors":[{"message":"slow down","code":"toomanyrequests"}]}',
    '{"errors":[{"code":"DENIED"},{"code":"TOO_MANY_REQUESTS"}]}',
    '{"code":"TooManyRequests","message":"slow down"}',
    '{"message":"API rate limit exceeded for user ID 1.","documentation_url":"https://docs.github.com"}',
  ])('recognizes a rate limit in any format under 200 and 403: %s', async (body) => {
    for (const status of [200, 403])
      expect(await ask(status, body, { 'content-length': String(body.length) })).toBe(`429 ${body}`);
  });

  it.each([
    'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    'toomanyrequests: You have reached your pull rate limit',
    '<html><title>Too Many Requests</title></html>',
  ])('recognizes the words for a rate limit under 403: %s', async (body) => {
    expect(await ask(403, body)).toBe(`429 ${body}`);
  });

  it.each([{ 'retry-after': '60' }, { 'x-ratelimit-remaining': '0' }])(
    'treats a 403 with %o as a rate limit, also for a HEAD',
    async (headers) => {
      expect(await ask(403, 'no', headers)).toBe('429 no');
      expect(await ask(403, '', headers, { method: 'HEAD' })).toBe('429 ');
      expect(await ask(404, 'no', headers)).toBe('404 no');
    },
  );

  it('leaves every other response unchanged', async () => {
    const denied = '{"errors":[{"code":"DENIED"}]}';
    const listed = '{"name":"app","tags":["TOOMANYREQUESTS"]}';
    const annotated = '{"annotations":{"x":"{\\"errors\\":[{\\"code\\":\\"TOOMANYREQUESTS\\"}]}"}}';
    for (const [status, body] of [
      [403, denied],
      [200, listed],
      [200, annotated],
      [200, '{"token":"x","message":"too many requests"}'],
      [403, '{"errors":[{"code":"DENIED","message":"the rate limit of your plan does not matter"}]}'],
      [404, LIMITED],
    ] as const) {
      expect(await ask(status, body, { 'content-length': String(body.length) })).toBe(`${status} ${body}`);
    }
  });

  it('does not read blobs', async () => {
    const headers = { 'content-length': String(LIMITED.length) };
    expect(await ask(200, LIMITED, headers, { operation: 'download' })).toBe(`200 ${LIMITED}`);
  });
});
