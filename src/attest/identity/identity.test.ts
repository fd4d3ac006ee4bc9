import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { homeWith } from '../../../test/support/home.ts';
import { rejection } from '../../../test/support/http-request.ts';
import { DEFAULT_ACCOUNT, identitySource, type IdentityFlags, type IdentitySource } from './identity.ts';

const forever = new AbortController().signal;
const clock = fakeClock();

function jwt(claims: object = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = clock.now() / 1000 + 600;
  return `${part({ alg: 'none' })}.${part({ iss: 'https://accounts.google.com', aud: 'sigstore', exp, email: 'a@b.c', ...claims })}.c2ln`;
}

type Given = IdentityFlags & {
  readonly env?: Readonly<Record<string, string>>;
  readonly google?: boolean;
  readonly googleToken?: string;
};

function source({ env = {}, google = false, googleToken = jwt(), ...flags }: Given): Promise<IdentitySource> {
  return identitySource({
    ...flags,
    env,
    clock,
    fetch: () => Promise.reject(new Error('nobody is to be asked')),
    google: { present: async () => google, token: async () => googleToken },
  });
}

const github = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x/?a=1', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' };
const buildkite = { BUILDKITE_JOB_ID: 'j', BUILDKITE_AGENT_ACCESS_TOKEN: 't' };
const env = { SIGSTORE_ID_TOKEN: jwt(), ...github, ...buildkite };

describe('src/attest/identity/identity.ts', () => {
  it.each<[string, Given]>([
    ['key', { key: 'k.pem', env, google: true }],
    ['of token.jwt', { identityToken: 'token.jwt', env, google: true }],
    ['of SIGSTORE_ID_TOKEN', { env, google: true }],
    ['of the Google account x@y.z', { signerAccount: 'x@y.z', env: github, google: true }],
    ['of GitHub Actions', { env: { ...github, ...buildkite }, google: true }],
    ['of Buildkite', { env: buildkite, google: true }],
    [`of the Google account ${DEFAULT_ACCOUNT}`, { google: true }],
  ])('prefers the identity "%s" to later ones', async (name, given) => {
    const found = await source(given);
    expect(found.kind === 'key' ? 'key' : found.name).toBe(name);
  });

  it('hints at the alternatives if there is no identity', async () => {
    expect(await rejection(source({}))).toMatchObject({
      code: 'IDENTITY',
      hint: expect.stringContaining('--sign=false'),
    });
  });

  it.each<[string, Given]>([
    ['--key and --identity-token', { key: 'k', identityToken: 't' }],
    ['--key and --signer-account', { key: 'k', signerAccount: 'a' }],
    ['--identity-token and --signer-account', { identityToken: 't', signerAccount: 'a' }],
    ['--signer-account and SIGSTORE_ID_TOKEN', { signerAccount: 'a', env }],
  ])('rejects %s together', async (names, given) => {
    expect(await rejection(source(given))).toMatchObject({
      code: 'USAGE',
      message: `${names} name different signers`,
    });
  });

  it.each(['gcpkms://projects/p', 'awskms:///alias/x', 'hashivault://k', 'k8s://ns/secret'])(
    'rejects the key %s with a clear message',
    async (key) => {
      const expected = { code: 'USAGE', message: expect.stringContaining('keys in a KMS are not supported') };
      expect(await rejection(source({ key }))).toMatchObject(expected);
    },
  );

  it('rejects a token in place of a file without quoting it', async () => {
    const error = await rejection(source({ identityToken: jwt() }));
    expect(error).toMatchObject({ code: 'USAGE' });
    expect(`${String(error)}${JSON.stringify(error)}`).not.toContain(jwt().split('.')[1]);
  });

  it('reads a token file again for each token', async () => {
    const home = await homeWith({ token: `${jwt()}\n` });
    const found = await source({ identityToken: join(home, 'token') });
    if (found.kind !== 'token') throw new Error('no token');
    expect((await found.token(forever)).claims.email).toBe('a@b.c');
  });

  it('rejects the token of another account', async () => {
    const found = await source({ signerAccount: 'x@y.z', googleToken: jwt({ email: 'other@y.z' }) });
    if (found.kind !== 'token') throw new Error('no token');
    expect(await rejection(found.token(forever))).toMatchObject({
      code: 'IDENTITY',
      message: expect.stringContaining('belongs to other@y.z'),
    });
  });

  it('names a missing token file', async () => {
    const found = await source({ identityToken: '/not/there' });
    if (found.kind !== 'token') throw new Error('no token');
    expect(await rejection(found.token(forever))).toMatchObject({ code: 'IDENTITY' });
  });
});
