import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../../errors.ts';
import { route } from '../../route.ts';
import type { SigcheckOptions } from './sigcheck.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

function optionsOf(...argv: readonly string[]): SigcheckOptions {
  const request = route(['sigcheck', ...argv]);
  if (request.kind !== 'sigcheck') throw new Error('it is sigcheck');
  return request.options;
}

describe('src/cli/options/commands/sigcheck.ts', () => {
  it("has upstream's defaults", () => {
    const options = optionsOf('--manifests=tree');
    expect(options).toMatchObject({ tree: { manifests: 'tree' }, refs: [], confirm: false, fromDays: 5, toDays: 0 });
    expect(options).toMatchObject({ signing: { maxSignatureOps: 50, signatureFormat: 'both' } });
    expect(options.isOnlyKey).toBe(false);
    expect(options.trust.expected).toEqual({
      subject: 'krel-trust@k8s-releng-prod.iam.gserviceaccount.com',
      issuer: 'https://accounts.google.com',
    });
    expect([options.limit, options.recordsSince]).toEqual([undefined, undefined]);
  });

  it('parses references, with a tree and without', () => {
    expect(optionsOf('a.test/app:v1', `a.test/app@${DIGEST}`).refs).toEqual([
      { repository: 'a.test/app', tag: 'v1' },
      { repository: 'a.test/app', digest: DIGEST },
    ]);
    expect(optionsOf('a.test/app', '--manifest=m.yaml').refs).toEqual([{ repository: 'a.test/app' }]);
  });

  it('parses days, dates, limits and expected signers', () => {
    const words = '--from-days=30 --to-days=5 --attestations-since=2026-09-24 --limit=7'.split(' ');
    const who = ['--certificate-identity-regexp=a.*', '--certificate-oidc-issuer=https://issuer.example'];
    expect(optionsOf('--thin-manifest-dir=t', '--confirm', ...words, ...who)).toMatchObject({
      tree: { thinManifestDir: 't' },
      confirm: true,
      fromDays: 30,
      toDays: 5,
      recordsSince: '2026-09-24',
      limit: 7,
      trust: { expected: { subjectPattern: 'a.*', issuer: 'https://issuer.example' } },
    });
  });

  it('expects only the key if one is given without certificate flags', () => {
    expect(optionsOf('--manifests=t', '--key=k.pem').isOnlyKey).toBe(true);
    expect(optionsOf('--manifests=t', '--key=k.pem', '--certificate-identity=me')).toMatchObject({
      isOnlyKey: false,
      trust: { expected: { subject: 'me' } },
    });
  });

  it.each([
    [[], 'no references and no manifests are given', /--manifests PATH$/],
    [['--manifests=a', '--manifest=b'], '--manifests and --manifest contradict each other', /exactly one/],
    [['app'], '"app" is not an image reference', /^write it as/],
    [['a.test/app'], '"a.test/app" has neither tag nor digest', /^add one/],
    [['--manifests=t', 'false'], '"false" is not an image reference', /write a bool as/],
    [['--manifests=t', '--to-days=-1'], '--to-days=-1 is less than 0', /0 or more/],
    [['--manifests=t', '--to-days=5'], '--from-days=5 and --to-days=5 select no day', /larger/],
    [['--manifests=t', '--shard=0/2', '--limit=5'], /^--limit and --shard contradict each other/, /omit --limit/],
    [['--manifests=t', '--through=r.test', '--confirm'], '--through and --confirm contradict each other', /first/],
    [['--manifests=t', '--through=R_.test'], /^--through: "R_.test" /, /registry\.k8s\.io/],
    [['--manifests=t', '--limit=-1'], '--limit=-1 is less than 0', /0 or more/],
    [['--manifests=t', '--attestations-since=soon'], '--attestations-since "soon": invalid time', /a date/],
    [['--manifests=t', '--max-wait=0'], '--max-wait=0 is not positive', /10m/],
    [['--manifests=t', '--threads=2'], 'unknown flag: --threads', /--help=all lists all flags/],
    [['--manifests=t', '--sign=false'], 'unknown flag: --sign', /--help=all lists all flags/],
    [
      ['--manifests=t', '--certificate-identity=a', '--certificate-identity-regexp=b'],
      '--certificate-identity and --certificate-identity-regexp contradict each other',
      /omit one/,
    ],
  ])('rejects %j', (argv, message, hint) => {
    let refused: unknown;
    try {
      optionsOf(...argv);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(PromotionError);
    expect(refused).toMatchObject({
      code: 'USAGE',
      message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
      hint: expect.stringMatching(hint) as string,
    });
  });
});
