import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection } from '../../../test/support/http-request.ts';
import { scriptedServer, type Answer, type ScriptedServer } from '../../../test/support/scripted-server.ts';
import { httpStack } from '../../http/stack.ts';
import { rekor, type Log } from './rekor.ts';
import { isNewSignatureNeeded, isOutage } from './call.ts';

const forever = new AbortController().signal;
const digest = Buffer.alloc(32, 1);
const entry = {
  content: {
    $case: 'messageSignature',
    messageSignature: { messageDigest: { algorithm: 1, digest }, signature: Buffer.from('s') },
  },
  verifier: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
  keyDetails: 'PKIX_ECDSA_P256_SHA_256',
} as const;

type Opened = { readonly server: ScriptedServer; readonly add: () => ReturnType<Log['add']> };

async function opened(version: 1 | 2, answer: Answer, path = ''): Promise<Opened> {
  const server = await scriptedServer(answer);
  const stack = httpStack({ clock: fakeClock({ skipWaits: true }) });
  onTestFinished(() => stack.close());
  const url = new URL(path, server.url);
  const log = rekor(stack.outbound, url, version);
  return { server, add: async () => log.add(entry, await stack.reserve(url, forever)) };
}

const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

describe('src/attest/services/rekor.ts', () => {
  it.each([1, 2] as const)('reports a response of v%i in an unexpected format', async (version) => {
    for (const body of [{}, null, 'text', { uuid: {} }]) {
      const { add } = await opened(version, json(201, body));
      const error = await rejection(add());
      expect(error).toMatchObject({ code: 'SIGNING_SERVICE', message: expect.stringContaining('unexpected format') });
      expect(isOutage(error)).toBe(false);
    }
  });

  it.each([1, 2] as const)('keeps the path of the base address of v%i', async (version) => {
    const { server, add } = await opened(version, json(500, {}), '/rekor/');
    await rejection(add());
    expect(server.requests).toEqual([`POST /rekor/api/v${version}/log/entries`]);
  });

  it.each([500, 502, 503, 429, 499, 408])(
    'sends nothing twice after %i, and asks for a new signature',
    async (status) => {
      const { server, add } = await opened(1, json(status, { message: 'later, please' }));
      const error = await rejection(add());
      expect(error).toMatchObject({ message: expect.stringContaining(`responded with ${status}: later, please`) });
      expect([isNewSignatureNeeded(error), isOutage(error)]).toEqual([true, true]);
      expect(server.requests).toHaveLength(1);
    },
  );

  it.each([400, 405, 413])('treats %i as a refusal', async (status) => {
    const { add } = await opened(2, json(status, 'frozen'));
    const error = await rejection(add());
    expect([isNewSignatureNeeded(error), isOutage(error)]).toEqual([false, false]);
  });

  it('signs again if Rekor v2 has an entry already', async () => {
    const { add } = await opened(2, json(409, { code: 6 }));
    expect(isNewSignatureNeeded(await rejection(add()))).toBe(true);
  });

  it.each([{}, { location: 'http://127.0.0.1:1/api/v1/log/entries/x' }])(
    'follows the address of an existing entry to the log only: %o',
    async (headers) => {
      const { server, add } = await opened(1, json(409, {}, headers));
      expect(await rejection(add())).toMatchObject({ code: 'SIGNING_SERVICE' });
      expect(server.requests).toEqual(['POST /api/v1/log/entries']);
    },
  );

  it('shows no control characters of a response, and only the start of a long one', async () => {
    const { add } = await opened(1, json(400, { message: `\u001b[31m${'x'.repeat(5000)}` }));
    const { message } = (await rejection(add())) as Error;
    expect(message).toMatch(/^[\x20-\x7e]{100,600}$/);
  });
});
