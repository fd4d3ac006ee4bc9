import { describe, expect, it } from 'vitest';
import type { PromotionError } from '../../../errors.ts';
import { CIP_FLAGS, cipOptions, type CipOptions } from './cip.ts';
import { parseFlags } from '../flags/parse-flags.ts';

const options = (...argv: string[]): CipOptions => cipOptions(parseFlags(CIP_FLAGS, argv));

const RUN: CipOptions['run'] = {
  confirm: false,
  parseOnly: false,
  threads: 20,
  tagsLast: false,
  replicates: false,
  copies: 50,
  detailedExitcode: false,
};

const SIGNING = {
  sign: true,
  requireIdentity: true,
  signatureFormat: 'both',
  signTagless: false,
  maxSignatureOps: 50,
};

const TRUST = {
  trustedRoots: [],
  tlogUpload: true,
  expected: {
    subject: 'krel-trust@k8s-releng-prod.iam.gserviceaccount.com',
    issuer: 'https://accounts.google.com',
  },
  namesIdentity: false,
};

describe('src/cli/options/commands/cip.ts', () => {
  it('defaults to a dry run with 20 threads', () => {
    expect(options('--manifests=x')).toEqual({
      run: RUN,
      processes: 1,
      source: { manifests: 'x', allTrees: false, allowRegistries: [] },
      registries: { maxWait: 600_000 },
      primary: { acceptsChange: false },
      signing: SIGNING,
      repair: { since: 14 * 24 * 3600_000 },
      attestations: { carrySboms: true },
      trust: TRUST,
      verifyStaging: true,
      reports: [],
      output: { logLevel: 'info', logFormat: 'text', progress: 'auto' },
    });
  });

  it('parses each flag', () => {
    const {
      source: { allowRegistries, ...source },
      ...rest
    } = options(
      '--thin-manifest-dir=d',
      '--confirm',
      '--sign=false',
      '--threads=3',
      '--allow-registry=A.example',
      '--allow-registry=*.b.example',
      '--registry-config=r.yaml',
      '--max-wait=1m30s',
      '--timeout=30s',
      '--retries=0',
      '--detailed-exitcode',
      '--log-level=Debug',
      '--max-image-size=1',
      '--manifest-diff-since=14 days',
      '--repair-since=all',
      '--staging-retention=90d',
      '--verify-staging=false',
    );
    expect(rest).toEqual({
      run: { ...RUN, confirm: true, threads: 3, detailedExitcode: true },
      processes: 1,
      registries: { configFile: 'r.yaml', maxWait: 90_000, timeout: 30_000, retries: 0 },
      primary: { acceptsChange: false },
      signing: { ...SIGNING, sign: false },
      repair: { since: 'all', stagingRetention: 90 * 24 * 3600_000 },
      attestations: { carrySboms: true },
      trust: TRUST,
      verifyStaging: false,
      reports: [],
      output: { logLevel: 'debug', logFormat: 'text', progress: 'auto' },
    });
    expect(source).toEqual({ thinManifestDir: 'd', allTrees: false, diff: { since: '14 days' } });
    expect(allowRegistries.map(({ text }) => text)).toEqual(['a.example', '*.b.example']);
  });

  it.each([
    ['--manifests', { manifests: 'p' }],
    ['--manifest', { manifest: 'p' }],
    ['--thin-manifest-dir', { thinManifestDir: 'p' }],
  ])('accepts %s if the other manifest flags are empty', (flag, expected) => {
    const others = ['--manifests=', '--manifest=', '--thin-manifest-dir='].filter((other) => other !== `${flag}=`);
    const { manifests, manifest, thinManifestDir } = options(...others, flag, 'p').source;
    expect(JSON.parse(JSON.stringify({ manifests, manifest, thinManifestDir }))).toEqual(expected);
  });

  it.each([['--dry-run'], ['--confirm=false'], ['--confirm=false', '--dry-run'], ['--parse-only', '--dry-run']])(
    'is a dry run with %s %s',
    (...argv) => {
      expect(options('--manifests=x', ...argv.filter((word) => word !== undefined)).run.confirm).toBe(false);
    },
  );

  it.each(['0', '0s', '-1m'])('rejects --max-wait=%s', (text) => {
    expect(() => options('--manifests=x', `--max-wait=${text}`)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('--max-wait') }),
    );
  });

  it.each([
    ['--timeout=-1s', '--timeout'],
    ['--timeout=5', '"--timeout"'],
    ['--retries=-2', '--retries'],
    ['--retries=few', '"--retries"'],
  ])('rejects %s', (flag, words) => {
    expect(() => options('--manifests=x', flag)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(words) }),
    );
  });

  it('writes tags last only with --tags-last', () => {
    expect(options('--manifests=x').run.tagsLast).toBe(false);
    expect(options('--manifests=x', '--tags-last', '--max-signature-copies=7').run).toEqual({
      ...RUN,
      tagsLast: true,
      copies: 7,
    });
  });

  it('promotes with --confirm --dry-run=false', () => {
    expect(options('--manifests=x', '--confirm', '--dry-run=false', '--sign=f').run.confirm).toBe(true);
  });

  it.each([
    [[], 'no manifests are given', /--manifests PATH$/],
    [['--manifest='], 'no manifests are given', /--manifests PATH$/],
    [['--manifest=a', '--manifests=b'], '--manifests and --manifest contradict each other', /exactly one/],
    [
      ['--manifest=a', '--thin-manifest-dir=b'],
      '--manifest and --thin-manifest-dir contradict each other',
      /exactly one/,
    ],
    [
      ['--manifest=a', '--thin-manifest-dir=b', '--manifests=c'],
      '--manifests and --manifest and --thin-manifest-dir contradict each other',
      /exactly one/,
    ],
    [
      ['--manifest=a', '--confirm', '--require-identity=false'],
      '--confirm and --require-identity=false contradict each other',
      /omit one of them/,
    ],
    [
      ['--manifest=a', '--confirm', '--dry-run', '--sign=false'],
      '--confirm and --dry-run contradict each other',
      /omit one of them/,
    ],
    [['--manifest=a', '--dry-run=false'], '--dry-run=false does not promote', /use --confirm instead/],
    [
      ['--manifest=a', '--confirm', '--parse-only', '--sign=false'],
      '--confirm and --parse-only contradict each other',
      /omit one of them/,
    ],
    [
      ['--manifest=a', '--tags-last', '--sign=false'],
      '--tags-last and --sign=false contradict each other',
      /writes tags after signatures/,
    ],
    [['--manifest=a', '--threads=0'], '--threads=0 is not positive', /1 or more/],
    [['--manifest=a', '--threads=-4'], '--threads=-4 is not positive', /1 or more/],
    [['--manifest=a', '--allow-registry='], '--allow-registry: pattern "" is empty', /host/],
    [['--manifest=a', '--log-level=loud'], 'not a valid log level: "loud"', /trace$/],
    [['--manifest=a', '--confirm', 'false'], '`kpromo cip` takes no argument "false"', /--flag=false/],
    [['--manifest=a', '--', '--confirm'], '`kpromo cip` takes no argument "--confirm"', /--manifests PATH/],
  ])('rejects %j', (argv, message, hint) => {
    let refused: unknown;
    try {
      options(...argv);
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({ code: 'USAGE', message });
    expect((refused as PromotionError).hint).toMatch(hint);
  });
});
