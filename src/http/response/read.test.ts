import { describe, expect, it, onTestFinished } from 'vitest';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { scriptedServer } from '../../../test/support/scripted-server.ts';
import { realClock } from '../../clock.ts';
import { registryMessage } from './error.ts';
import type { HttpResponse } from '../fetch.ts';
import { peek } from './peek.ts';
import { ensureStatus, readAll } from './read.ts';
import { transport } from '../transport/transport.ts';

async function answered(status: number, body: string | Buffer, type = 'application/json'): Promise<HttpResponse> {
  const server = await scriptedServer(
    (_request, response) => void response.writeHead(status, { 'content-type': type }).end(body),
  );
  const sockets = transport({ clock: realClock(), connections: 2 });
  onTestFinished(() => sockets.close());
  return sockets.fetch(requestTo(server.url));
}

const errorOf = async (status: number, body = '', type?: string): Promise<unknown> =>
  rejection(ensureStatus(await answered(status, body, type), [200], 'reading manifest', 'host/app:v1'));

describe('src/http/response/read.ts', () => {
  it.each([
    [404, { response: { status: 404 }, bytes: new Uint8Array() }],
    [200, { code: 'NETWORK' }],
  ])('judges a %i with a truncated body by its status', async (status, expected) => {
    const server = await scriptedServer((request, response) => {
      response.writeHead(status, { 'content-length': '100' }).write('{"errors":', () => request.socket.destroy());
    });
    const sockets = transport({ clock: realClock(), connections: 2 });
    onTestFinished(() => sockets.close());
    expect(await readAll(sockets.fetch, requestTo(server.url), 1000).catch((error: unknown) => error)).toMatchObject(
      expected,
    );
  });

  it('returns on an expected status and leaves the body unread', async () => {
    const response = await answered(202, 'body');
    await ensureStatus(response, [201, 202], 'writing', 'it');
    expect(Buffer.from(await response.body.bytes(10)).toString()).toBe('body');
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
    [404, 'NOT_FOUND'],
    [429, 'RATE_LIMITED'],
    [500, 'REGISTRY_ERROR'],
    [503, 'REGISTRY_ERROR'],
    [400, 'REGISTRY_PROTOCOL'],
    [307, 'REGISTRY_PROTOCOL'],
    [204, 'REGISTRY_PROTOCOL'],
  ])('converts %i to the error %s with a hint', async (status, code) => {
    expect(await errorOf(status)).toMatchObject({
      code,
      message: `reading manifest host/app:v1: the registry answered ${status}`,
      hint: expect.any(String),
    });
  });

  it("quotes the registry's message", async () => {
    const body = JSON.stringify({
      errors: [{ code: 'DENIED', message: 'no push here' }, { code: 'OTHER' }, { message: 'and more' }],
    });
    expect(await errorOf(403, body)).toMatchObject({
      message: expect.stringContaining('403: DENIED: no push here; OTHER; and more'),
    });
  });

  it('discards the body whatever its length', async () => {
    const response = await answered(404, Buffer.alloc(10_000_000));
    expect(await rejection(ensureStatus(response, [200], 'reading', 'it'))).toMatchObject({ code: 'NOT_FOUND' });
    await response.body.finished;
  });

  it('hints how to log in, at Docker Hub under its own name', async () => {
    const response = await answered(401, '');
    expect(await rejection(ensureStatus(response, [200], 'a', 'b', 'registry-1.docker.io'))).toMatchObject({
      hint: expect.stringContaining('docker login docker.io'),
    });
  });

  it.each([
    ['a page', '<html><head><TITLE>502 Bad\n Gateway</TITLE></head>', 'text/html', '502 Bad Gateway'],
    ['plain text', 'go away', 'text/plain; charset=utf-8', 'go away'],
    ['something else', 'PK\u0003\u0004', 'application/zip', ''],
    ['an empty body', '', 'application/json', ''],
    ['a list', '[1]', 'application/json', ''],
    [
      'a token server',
      '{"error":"invalid_grant","error_description":"expired"}',
      'application/json',
      'invalid_grant: expired',
    ],
    ['numbers for codes', '{"errors":[{"code":404,"message":"x"}]}', 'application/json', '404: x'],
    ['control characters', '{"message":"a\\u001b[31mb\\u202ec\\r\\nd"}', 'application/json', 'a [31mb c d'],
  ])('reads the message of %s', (_what, body, type, expected) => {
    expect(registryMessage(body, type)).toBe(expected);
  });

  it('hides secrets that an error repeats, and shows one line at most', () => {
    const said = [
      'Authorization: Bearer hunter2hunter2',
      'token=hunter2',
      'password: hunter2',
      '"refresh_token":"hunter2"',
      'https://me:hunter2@host/',
      'eyJhunter2.hunter2.hunter2',
    ];
    for (const text of said) expect(registryMessage(JSON.stringify({ message: text }), '')).not.toContain('hunter2');
    expect(registryMessage('x'.repeat(5000), 'text/plain').length).toBeLessThan(320);
  });

  it('reads a whole response, up to the limit', async () => {
    const server = await scriptedServer((_request, response) => void response.end('0123456789'));
    const sockets = transport({ clock: realClock(), connections: 2 });
    onTestFinished(() => sockets.close());
    const { response, bytes } = await readAll(sockets.fetch, requestTo(server.url), 10);
    expect([response.status, Buffer.from(bytes).toString()]).toEqual([200, '0123456789']);
    expect(await rejection(readAll(sockets.fetch, requestTo(server.url), 9))).toMatchObject({
      code: 'REGISTRY_PROTOCOL',
    });
  });

  it("quotes the registry's message also if the response was read before", async () => {
    const server = await scriptedServer(
      (_request, response) => void response.writeHead(412).end('{"message":"shut down"}'),
    );
    const sockets = transport({ clock: realClock(), connections: 2 });
    onTestFinished(() => sockets.close());
    const { response } = await readAll(sockets.fetch, requestTo(server.url), 100);
    expect(await rejection(ensureStatus(response, [200], 'reading', 'it'))).toMatchObject({
      message: 'reading it: the registry answered 412: shut down',
    });
  });
});

describe('src/http/response/peek.ts', () => {
  it('returns the start of a body that stays whole', async () => {
    const content = Buffer.alloc(300_000, 'abc');
    const seen = await peek(await answered(200, content), 10);
    expect(seen.text).toBe('abcabcabca');
    expect(Buffer.compare(await seen.response.body.bytes(300_000), content)).toBe(0);
  });

  it('returns a short body, and can discard the rest', async () => {
    expect((await peek(await answered(200, 'abc'), 10)).text).toBe('abc');
    const long = await peek(await answered(200, Buffer.alloc(10_000_000)), 10);
    await long.response.body.discard();
    await long.response.body.finished;
  });
});
