import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PROMOTION_RECORD } from '../../src/attest/formats/record.ts';
import { homeWith } from '../support/home.ts';
import { orSkip, requireProgram } from '../support/programs.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { startDistribution, startReferrersRegistry, type RealRegistry } from '../support/real-registries.ts';
import { buildMultiPlatform, pushImage } from '../support/registry/images.ts';
import { startSigstore } from '../support/sigstore/local.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const run = promisify(execFile);

const PAIRS: readonly (readonly [string, () => Promise<RealRegistry>, () => Promise<RealRegistry>])[] = [
  ['a registry that keeps lists to distribution 2.8', startReferrersRegistry, startDistribution],
  ['distribution 2.8 to a registry that keeps lists', startDistribution, startReferrersRegistry],
];

describe('repairing signatures on real registries', () => {
  it.for(PAIRS)('signs, records and replicates from %s, and cosign verifies it there', async (pair, test) => {
    const [, ...starts] = pair;
    const [primary, mirror] = await Promise.all(starts.map((start) => orSkip(test, () => start())));
    if (primary === undefined || mirror === undefined) throw new Error('there are two registries');
    const sigstore = await startSigstore();
    onTestFinished(async () => {
      await Promise.all([primary.stop(), mirror.stop(), sigstore.stop()]);
    });
    const image = buildMultiPlatform({ seed: 901 }, ['linux/amd64', 'linux/arm64']);
    const { digest } = image.manifest.descriptor;
    // a registry from the environment may outlive this test
    const folder = randomUUID();
    for (const { address } of [primary, mirror]) await pushImage(`http://${address}`, `${folder}/app`, image, ['v1']);
    await using tree = await writeTree([
      {
        name: 'p',
        from: `${primary.address}/staging`,
        to: [`${primary.address}/${folder}`, `${mirror.address}/${folder}`],
        entries: [['app', digest, 'v1']],
      },
    ]);
    const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`];
    const who = [`--certificate-identity=${SIGNER.subject}`, `--primary-registry=${primary.address}/**`];
    const check = (...flags: readonly string[]): Promise<CipRun> =>
      kpromo(['sigcheck', '--manifests', tree.path, ...trust, ...who, ...flags], {
        env: { SIGSTORE_ID_TOKEN: sigstore.token() },
      });

    expect((await check()).stdout).toContain('signatures, by digest and repository: 2 unsigned\n');
    const repaired = await check('--confirm');
    expect([repaired.code, repaired.log.filter((line) => line.startsWith('error'))]).toEqual([0, []]);
    expect((await check()).stdout).toContain('signatures, by digest and repository: 2 verified\n');

    const cosign = await orSkip(test, () => requireProgram('cosign'));
    const home = await homeWith({});
    const env = { PATH: process.env['PATH'], HOME: home, TUF_ROOT: home, HTTPS_PROXY: 'http://127.0.0.1:9' };
    const expected = [`--certificate-identity=${SIGNER.subject}`, `--certificate-oidc-issuer=${SIGNER.issuer}`];
    for (const [command, ...flags] of [['verify'], ['verify-attestation', '--type', PROMOTION_RECORD]] as const) {
      const args = [command, ...flags, `--trusted-root=${sigstore.trustedRootFile}`, ...expected];
      await run(cosign, [...args, `${mirror.address}/${folder}/app@${digest}`], { env });
    }
  });
});
