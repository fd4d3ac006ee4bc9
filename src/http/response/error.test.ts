import { describe, expect, it } from 'vitest';
import { answerError } from './error.ts';
import type { Access } from '../fetch.ts';
import { bodyOf } from '../transport/response-body.ts';

type Answered = { readonly status: number; readonly text?: string; readonly url?: string; readonly access?: Access };

const errorOf = ({ status, text = '', url = 'https://registry.example/v2/', access }: Answered) =>
  answerError(
    {
      status,
      headers: new Map(),
      url: new URL(url),
      body: bodyOf(Buffer.from(text), 'it'),
      ...(access !== undefined && { access }),
    },
    'reading it',
  );

const name = 'the credentials from ~/.docker/config.json (user robot)';

describe('src/http/response/error.ts', () => {
  it.each<[number, Access | undefined, RegExp]>([
    [401, undefined, /^log in to registry\.example, for instance with "docker login/],
    [401, { kind: 'anonymous' }, /^log in to registry\.example, for instance with "docker login/],
    [
      401,
      { kind: 'sent', name, taken: true },
      /^check that the account of .*\(user robot\) has permission for this on registry\.example, and that the repository exists/,
    ],
    [
      401,
      { kind: 'sent', name, taken: false },
      /^the registry refused the credentials from ~\/\.docker\/config\.json \(user robot\): /,
    ],
    [
      401,
      { kind: 'withheld', from: 'reg.example' },
      /^configure reg\.example to return .* not sent to registry\.example$/,
    ],
    [401, { kind: 'unused', name, offered: ['digest'] }, /accept Basic or Bearer .*: it offers digest, so .* not sent/],
    [401, { kind: 'unused', name, offered: [] }, /\(WWW-Authenticate\): it offers no scheme, so .* were not sent/],
    [403, undefined, /^check that the account used for registry\.example has permission for this$/],
    [403, { kind: 'anonymous' }, /^use credentials for registry\.example with permission for this/],
    [
      403,
      { kind: 'sent', name, taken: true },
      /^check that the account of the credentials from .*\(user robot\) has permission for this$/,
    ],
    [403, { kind: 'withheld', from: 'reg.example' }, /^configure reg\.example to return/],
  ])('gives the hint for a %i by how the request was authenticated: %o', async (status, access, hint) => {
    expect((await errorOf({ status, ...(access && { access }) })).hint).toMatch(hint);
  });

  it('does not suggest "docker login" when a login was made or cannot help', async () => {
    for (const access of [
      { kind: 'sent', name, taken: false },
      { kind: 'withheld', from: 'reg.example' },
      { kind: 'unused', name, offered: [] },
    ] as const)
      expect((await errorOf({ status: 401, access })).hint).not.toContain('docker login');
  });

  it.each([
    'Client sent an HTTP request to an HTTPS server.\n',
    '<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>',
    "<title>400 Bad Request</title><p>You're speaking plain HTTP to an SSL-enabled server port.",
    'Bad Request\nThis combination of host and port requires TLS.\n',
  ])('recognizes a server that requires HTTPS by its message: %s', async (text) => {
    const plain = await errorOf({ status: 400, text, url: 'http://localhost:5000/v2/' });
    expect(plain).toMatchObject({ code: 'REGISTRY_PROTOCOL', hint: expect.stringContaining('"insecure: false"') });
    expect((await errorOf({ status: 400, text })).hint).not.toContain('insecure');
  });

  it('shows a message without a content type', async () => {
    const { message } = await errorOf({ status: 400, text: 'Client sent an HTTP request to an HTTPS server.\n' });
    expect(message).toBe('reading it: the registry answered 400: Client sent an HTTP request to an HTTPS server.');
  });
});
