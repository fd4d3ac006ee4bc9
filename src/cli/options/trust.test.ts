import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags/parse-flags.ts';
import {
  CERTIFICATE_FLAGS,
  KEY_FLAGS,
  ROOT_FLAGS,
  trustOptions,
  UPSTREAM_ACCOUNT,
  type TrustOptions,
} from './trust.ts';

const options = (...argv: string[]): TrustOptions =>
  trustOptions(parseFlags([...ROOT_FLAGS, ...KEY_FLAGS, ...CERTIFICATE_FLAGS] as const, argv));

describe('src/cli/options/trust.ts', () => {
  it("expects upstream's account by default, but marks it as not named", () => {
    expect(options()).toEqual({
      trustedRoots: [],
      tlogUpload: true,
      expected: { subject: UPSTREAM_ACCOUNT, issuer: 'https://accounts.google.com' },
      namesIdentity: false,
    });
  });

  it('parses each flag', () => {
    const { trustedRoots, key, tlogUpload } = options(
      '--trusted-root=root.json',
      '--trusted-root=github',
      '--trusted-root=',
      '--key=k.pem',
      '--tlog-upload=false',
    );
    expect([trustedRoots, key, tlogUpload]).toEqual([['root.json', 'github'], 'k.pem', false]);
  });

  it.each([
    [['--certificate-identity=me'], { subject: 'me', issuer: 'https://accounts.google.com' }, true],
    [['--certificate-identity-regexp=a.*'], { subjectPattern: 'a.*', issuer: 'https://accounts.google.com' }, true],
    [['--certificate-oidc-issuer-regexp=b.*'], { subject: UPSTREAM_ACCOUNT, issuerPattern: 'b.*' }, false],
  ])('expects the identity of %j', (argv, expected, namesIdentity) => {
    expect(options(...argv)).toMatchObject({ expected, namesIdentity });
  });

  it.each([
    [['--tlog-upload=false'], '--tlog-upload=false requires --key'],
    [
      ['--certificate-oidc-issuer=a', '--certificate-oidc-issuer-regexp=b'],
      '--certificate-oidc-issuer and --certificate-oidc-issuer-regexp contradict each other',
    ],
  ])('rejects %j', (argv, message) => {
    expect(() => options(...argv)).toThrow(message);
  });
});
