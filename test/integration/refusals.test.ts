import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { homeWith } from '../support/home.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { signingStage } from '../support/promotion/signing-stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';

const image = buildImage({ seed: 1 });

type Check = {
  /** Runs `kpromo cip` on a tree with one new image, with a key at `key.pem` and no identity. */
  run(...flags: readonly string[]): Promise<CipRun>;
  readonly home: string;
  writes(): number;
};

async function check(): Promise<Check> {
  const stage = await signingStage(1);
  storeImage(stage.staging.store, 'staging/app', image);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const home = await homeWith({ 'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
  return {
    home,
    writes: () => stage.taken().writes,
    run: async (...flags) => {
      await using tree = await writeTree([stage.project([['app', image.manifest.descriptor.digest, 'v1']])]);
      const given = flags.map((flag) => flag.replace('$HOME', home));
      return await kpromo(['cip', `--manifests=${tree.path}`, ...given], { env: { PATH: home, TUF_ROOT: home } });
    },
  };
}

const OFFLINE = ['--key=$HOME/key.pem', '--tlog-upload=false'];

describe('a dry run fails where --confirm would not start', () => {
  it.each([
    [[], 'no signing identity found'],
    [['--identity-token=$HOME/nope'], '/nope cannot be read'],
    [['--key=$HOME/nope'], '/nope cannot be read'],
    [[...OFFLINE, '--trusted-root=$HOME/nope.json'], '/nope.json cannot be read'],
    [[...OFFLINE, '--signing-config=$HOME/nope.json'], '/nope.json cannot be read'],
    [['--sign=false', '--trusted-root=$HOME/nope.json'], '/nope.json cannot be read'],
    [['--sign=false', '--vuln-gate', '--vuln-report=$HOME/nope.json'], '/nope.json'],
    [['--sign=false', '--registry-config=$HOME/nope.yaml'], '/nope.yaml'],
    [['--sign=false', '--report=$HOME/nope/report.json'], '/nope/report.json'],
    [['--sign=false', '--limiter=redis://'], '--limiter is not a valid address'],
    [['--sign=false', '--vuln-gate', '--vuln-scanner=trivy'], 'trivy'],
  ])('with %j: %s', async (flags, words) => {
    const { run, writes } = await check();
    for (const mode of ['--dry-run', '--confirm']) {
      const { code, stderr } = await run(mode, ...flags);
      expect([mode, code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([mode, 1, expect.stringContaining(words)]);
    }
    expect(writes()).toBe(0);
  });

  it('shows the plan all the same without an identity, and says so in the report', async () => {
    const { run, home } = await check();
    const { stdout } = await run('--report=$HOME/report.json', '--identity-token=$HOME/nope');
    expect(stdout).toContain('Plan: 1 of 1 image to promote');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`--confirm would refuse: --identity-token ${home}/nope cannot`);
    const report = JSON.parse(await readFile(join(home, 'report.json'), 'utf8')) as unknown;
    expect(report).toMatchObject({ failures: [{ code: 'IDENTITY', phase: 'sign' }] });
  });

  it('passes with a key, without any request to a Sigstore', async () => {
    const { run } = await check();
    expect((await run('--dry-run', ...OFFLINE)).code).toBe(0);
    expect((await run('--confirm', ...OFFLINE)).code).toBe(0);
  });
});
