import { describe, expect, it } from 'vitest';
import { challengeOf, expectationOf, readToken, type Claims } from './token.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const exp = NOW / 1000 + 600;
const good = {
  iss: 'https://accounts.google.com',
  aud: 'sigstore',
  exp,
  sub: '123',
  email: 'a@b.c',
  email_verified: true,
};

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2lnbmF0dXJl`;
}

const read = (claims: object): Claims => readToken(jwt(claims), 'of the test', NOW).claims;

describe('src/attest/identity/token.ts', () => {
  it('accepts a valid token, also with several audiences and surrounding white space', () => {
    expect(readToken(` ${jwt({ ...good, aud: ['other', 'sigstore'] })}\n`, 'x', NOW).raw).toMatch(/^ey[^\s]+$/);
  });

  it.each<[string, object, RegExp]>([
    ['expired', { ...good, exp: NOW / 1000 }, /expired at 2026-11-24T12:00:00\.000Z/],
    ['for another audience', { ...good, aud: 'https://other' }, /audience "https:\/\/other"/],
    ['of no issuer', { ...good, iss: 'me' }, /the invalid issuer "me"/],
    ['of nobody', { ...good, email: undefined, sub: undefined }, /names no subject/],
    ['of an unverified address', { ...good, email_verified: false }, /has not verified/],
    ['without an expiry', { ...good, exp: undefined }, /not an OpenID Connect token/],
  ])('reports a token that is %s without showing it', (_what, claims, message) => {
    const token = jwt(claims);
    let thrown: unknown;
    try {
      readToken(token, 'of the test', NOW);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'IDENTITY', message: expect.stringMatching(message) });
    expect(`${String(thrown)}${JSON.stringify(thrown)}`).not.toContain(token.split('.')[1]);
  });

  it.each(['', 'x', 'a.b', 'a.b.c', 'a.bnVsbA.c'])('rejects "%s" as a token', (text) => {
    expect(() => readToken(text, 'x', NOW)).toThrow(expect.objectContaining({ code: 'IDENTITY' }));
  });

  it('proves possession with the e-mail address, else with the subject', () => {
    expect([challengeOf(read(good)), challengeOf(read({ ...good, email: undefined }))]).toEqual(['a@b.c', '123']);
  });

  it('returns the identity that Fulcio will certify, as far as it is known', () => {
    const github = { ...good, iss: 'https://token.actions.githubusercontent.com', email: undefined };
    const gitlab = { ...good, iss: 'https://gitlab.com', email: undefined };
    const workflow = 'acme/app/.github/workflows/x.yml@refs/heads/main';
    const config = 'gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main';
    expect(
      [
        good,
        { ...github, job_workflow_ref: workflow },
        { ...gitlab, ci_config_ref_uri: config },
        { ...good, iss: 'https://ci.example', email: undefined },
        {
          ...good,
          iss: 'https://oauth2.sigstore.dev/auth',
          federated_claims: { connector_id: 'https://github.com/login/oauth' },
        },
      ].map((claims) => expectationOf(read(claims))),
    ).toEqual([
      { subject: 'a@b.c', issuer: 'https://accounts.google.com' },
      { subject: `https://github.com/${workflow}`, issuer: github.iss },
      { subject: `https://${config}`, issuer: gitlab.iss },
      { issuer: 'https://ci.example' },
      { subject: 'a@b.c' },
    ]);
  });
});
