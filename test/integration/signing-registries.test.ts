import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PROMOTION_RECORD } from '../../src/attest/formats/record.ts';
import { homeWith } from '../support/home.ts';
import { orSkip, requireProgram } from '../support/programs.ts';
import { cip } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { startDistributions, startReferrersRegistry, type RealRegistry } from '../support/real-registries.ts';
import { buildMultiPlatform, pushImage } from '../support/registry/images.ts';
import { startSigstore } from '../support/sigstore/local.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const run = promisify(execFile);
const index = buildMultiPlatform({ seed: 801 }, ['linux/amd64', 'linux/arm64']);
const digest = index.manifest.descriptor.digest;

const REGISTRIES: readonly (readonly [name: string, start: () => Promise<readonly RealRegistry[]>])[] = [
  ['distribution 2.8', () => startDistributions(2)],
  ['a registry with the referrers API', () => Promise.all([1, 2].map(() => startReferrersRegistry()))],
];

describe.for(REGISTRIES)('signing on %s', ([, start]) => {
  it('is accepted by cosign in both forms, and done once', async (test) => {
    const cosign = await orSkip(test, () => requireProgram('cosign'));
    const registries = await orSkip(test, start);
    const sigstore = await startSigstore();
    onTestFinished(async () => {
      await Promise.all(registries.map((registry) => registry.stop()));
      await sigstore.stop();
    });
    const [staging = '', mirror = ''] = registries.map(({ address }) => address);
    // a registry from the environment may outlive this test
    const root = randomUUID();
    await pushImage(`http://${staging}`, `${root}/staging/app`, index);
    const entries = [['app', digest, 'v1']] as const;
    await using tree = await writeTree([
      { name: 'app', from: `${staging}/${root}/staging`, to: [`${mirror}/${root}/prod`], entries },
    ]);
    const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`];
    const promote = (): ReturnType<typeof cip> =>
      cip(['--manifests', tree.path, '--confirm', '--repair-since=all', ...trust], {
        env: { SIGSTORE_ID_TOKEN: sigstore.token() },
      });
    expect((await promote()).code).toBe(0);

    const who = [
      `--trusted-root=${sigstore.trustedRootFile}`,
      `--certificate-identity=${SIGNER.subject}`,
      `--certificate-oidc-issuer=${SIGNER.issuer}`,
    ];
    const home = await homeWith({});
    const env = { PATH: process.env['PATH'], HOME: home, TUF_ROOT: `${home}/tuf`, HTTPS_PROXY: 'http://127.0.0.1:9' };
    const ask = async (...args: readonly string[]): Promise<string> => {
      const { stdout, stderr } = await run(cosign, args, { env });
      return stdout + stderr;
    };
    const name = `${mirror}/${root}/prod/app`;
    for (const one of [index, ...index.children]) {
      const reference = `${name}@${one.manifest.descriptor.digest}`;
      expect(await ask('verify', ...who, reference)).toContain('claims were validated');
      expect(await ask('verify', '--new-bundle-format=false', ...who, reference)).toContain('claims were validated');
    }
    const record = await ask('verify-attestation', `--type=${PROMOTION_RECORD}`, ...who, `${name}@${digest}`);
    expect(record).toContain('claims were validated');

    const before = sigstore.counts();
    const again = await promote();
    expect([again.code, sigstore.counts()]).toEqual([0, before]);
    expect(again.summary).toContain('0 digests signed, 0 recorded, 1 already complete');
  });
});
