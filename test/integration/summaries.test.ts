import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Attached } from '../../src/attest/attached/attached.ts';
import { VERIFICATION_SUMMARY } from '../../src/attest/formats/summary.ts';
import { SLSA_V1 } from '../support/evidence.ts';
import { homeWith } from '../support/home.ts';
import { orSkip, requireProgram } from '../support/programs.ts';
import type { CipRun } from '../support/promotion/cip.ts';
import {
  BUILDER,
  digestOf,
  ORIGIN,
  policy,
  SUMMARIES,
  summaryWorld,
  told,
} from '../support/promotion/summary-world.ts';
import { buildImage, buildIndex, buildMultiPlatform, storeImage, type BuiltImage } from '../support/registry/images.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const image = buildImage({ seed: 1 });

const summaryOf = (all: readonly Attached[]): readonly unknown[] =>
  all.flatMap(({ verdict: { predicateType, statement } }) =>
    predicateType === VERIFICATION_SUMMARY ? [statement?.predicate] : [],
  );
/** The level of each summary, and by how many attestations. */
const levelsIn = (all: readonly Attached[]): readonly string[] =>
  (summaryOf(all) as { verifiedLevels: string[]; inputAttestations: unknown[] }[]).map(
    ({ verifiedLevels, inputAttestations }) => `${verifiedLevels[0]} by ${inputAttestations.length}`,
  );
const errors = ({ log }: CipRun): readonly string[] => log.filter((line) => line.startsWith('error '));
const warnings = ({ log }: CipRun): readonly string[] => log.filter((line) => line.startsWith('warning '));

describe('verification summaries', () => {
  it('tell what the policy came to, in the name of their own signer, and are written once', async () => {
    const { stage, primary, promise, build, run, attached } = await summaryWorld();
    storeImage(stage.staging.store, 'staging/app', image);
    await build(image);
    const commit = await promise([image], policy('require'));
    const first = await run('--verification-summaries');
    expect([first.code, errors(first)]).toEqual([0, []]);
    expect(first.log).toContain(`info Signing identity for verification summaries will be ${SUMMARIES}`);
    expect(first.summary).toContain('1 attestation carried, 1 summarized');
    const all = await attached(image);
    expect(told(all)).toEqual([
      'promotion/v1 verified promoter',
      'provenance/v1 verified builder',
      'sign/v1 verified promoter',
      'verification_summary/v1 verified summaries',
    ]);
    const carried = all.find(({ verdict }) => verdict.predicateType === SLSA_V1);
    expect(summaryOf(all)).toEqual([
      {
        verifier: {
          id: 'https://k8s.io/promo-tools/verifier/v1',
          version: { kpromo: expect.stringMatching(/^v/) as string },
        },
        timeVerified: expect.stringMatching(/Z$/) as string,
        resourceUri: `${primary}@${digestOf(image)}`,
        policy: {
          uri: `git+${ORIGIN}#manifests/app/promoter-manifest.yaml`,
          digest: { gitCommit: commit },
        },
        inputAttestations: [
          {
            uri: `${stage.staging.host}/staging/app@${carried?.manifest}`,
            digest: { sha256: carried?.content?.replace('sha256:', '') },
          },
        ],
        verificationResult: 'PASSED',
        verifiedLevels: ['SLSA_BUILD_LEVEL_3', 'K8S_PROMOTION_MANIFEST_REVIEWED'],
        slsaVersion: '1.0',
      },
    ]);
    stage.taken();
    const second = await run('--verification-summaries');
    expect([second.code, stage.taken()]).toMatchObject([0, { writes: 0, fulcio: 0, rekor: 0 }]);
  });

  it('verify with cosign, and so does the image, whose only signature in a bundle is ours', async (test) => {
    const cosign = await orSkip(test, () => requireProgram('cosign'));
    const { stage, primary, promise, build, run } = await summaryWorld();
    const index = buildMultiPlatform({ seed: 5 }, ['linux/amd64']);
    storeImage(stage.staging.store, 'staging/app', index);
    await build(index);
    await promise([index], policy('require'));
    expect((await run('--verification-summaries', '--signature-format=legacy')).code).toBe(0);
    const home = await homeWith({});
    const env = { HOME: home, TUF_ROOT: `${home}/tuf`, HTTPS_PROXY: 'http://127.0.0.1:9', PATH: process.env['PATH'] };
    const trust = [`--trusted-root=${stage.sigstore.trustedRootFile}`, `--certificate-oidc-issuer=${SIGNER.issuer}`];
    const ask = (of: BuiltImage, command: string, who: string, ...flags: readonly string[]) =>
      promisify(execFile)(
        cosign,
        [command, ...flags, ...trust, `--certificate-identity=${who}`, `${primary}@${digestOf(of)}`],
        { env },
      );
    const [platform = image] = index.children;
    for (const [of, level] of [
      [index, 'SLSA_BUILD_LEVEL_3'],
      [platform, 'SLSA_BUILD_LEVEL_UNEVALUATED'],
    ] as const) {
      const { stdout } = await ask(of, 'verify-attestation', SUMMARIES, '--type', VERIFICATION_SUMMARY);
      const { payload } = JSON.parse(stdout.trim().split('\n')[0] ?? '') as { payload: string };
      expect(Buffer.from(payload, 'base64').toString()).toContain(`["${level}"`);
      expect((await ask(of, 'verify', SIGNER.subject)).stdout).not.toBe('');
    }
    expect((await ask(index, 'verify-attestation', BUILDER, '--type', SLSA_V1)).stdout).not.toBe('');
    await expect(ask(index, 'verify-attestation', SIGNER.subject, '--type', VERIFICATION_SUMMARY)).rejects.toThrow(
      /identit|SAN/i,
    );
  });

  it('are made up for, with what was accepted, where an earlier run wrote none', async () => {
    const { stage, promise, build, run, attached } = await summaryWorld();
    storeImage(stage.staging.store, 'staging/app', image);
    await build(image);
    await promise([image], policy('require'));
    expect((await run('--sign=false')).code).toBe(0);
    expect(await attached(image)).toEqual([]);
    const later = await run('--verification-summaries', '--repair-since=all');
    expect([later.code, errors(later)]).toEqual([0, []]);
    expect(told(await attached(image))).toHaveLength(4);
  });

  it('are written for the platforms of an index, too', async () => {
    const { stage, promise, run, attached } = await summaryWorld();
    const index = buildMultiPlatform({ seed: 5 }, ['linux/amd64', 'linux/arm64']);
    storeImage(stage.staging.store, 'staging/app', index);
    await promise([index]);
    const { code } = await run('--verification-summaries');
    expect(code).toBe(0);
    for (const one of [index, ...index.children])
      expect(summaryOf(await attached(one))).toMatchObject([
        { verifiedLevels: ['SLSA_BUILD_LEVEL_UNEVALUATED', 'K8S_PROMOTION_MANIFEST_REVIEWED'], inputAttestations: [] },
      ]);
  });

  it('speak of each platform by its own evidence, never by that of its index', async () => {
    const { stage, promise, build, run, attached } = await summaryWorld();
    const index = buildMultiPlatform({ seed: 5 }, ['linux/amd64', 'linux/arm64']);
    const [proven = image, bare = image] = index.children;
    storeImage(stage.staging.store, 'staging/app', index);
    for (const one of [index, proven]) await build(one);
    await promise([index], policy('require'));
    const { code, summary } = await run('--verification-summaries');
    expect([code, summary]).toEqual([0, expect.stringContaining('2 attestations carried')]);
    expect(levelsIn(await attached(index))).toEqual(['SLSA_BUILD_LEVEL_3 by 1']);
    expect(levelsIn(await attached(proven))).toEqual(['SLSA_BUILD_LEVEL_3 by 1']);
    expect(levelsIn(await attached(bare))).toEqual(['SLSA_BUILD_LEVEL_UNEVALUATED by 0']);
    expect(told(await attached(proven))).toContain('provenance/v1 verified builder');
  });

  it('fail a platform without evidence if one of the indexes that share it failed, whichever was first', async () => {
    const { stage, promise, build, run, attached } = await summaryWorld();
    const [shared, one, two] = [1, 2, 3].map((seed) => buildImage({ seed })) as [BuiltImage, BuiltImage, BuiltImage];
    const [good, bad] = [buildIndex([one, shared]), buildIndex([shared, two])];
    for (const index of [good, bad]) storeImage(stage.staging.store, 'staging/app', index);
    await build(good);
    await promise([good, bad], policy('warn'));
    expect((await run('--verification-summaries')).code).toBe(0);
    const said = async (of: BuiltImage): Promise<readonly string[]> => levelsIn(await attached(of));
    expect(await Promise.all([good, one, bad, two, shared].map(said))).toEqual([
      ['SLSA_BUILD_LEVEL_3 by 1'],
      ['SLSA_BUILD_LEVEL_UNEVALUATED by 0'],
      ['FAILED by 0'],
      ['FAILED by 0'],
      ['FAILED by 0'],
    ]);
    stage.taken();
    const again = await run('--verification-summaries', '--supersede-summaries', '--repair-since=all');
    expect([again.code, warnings(again), stage.taken()]).toMatchObject([0, [], { writes: 0 }]);
  });

  it('tell the worst of the repositories that one digest is promoted from', async () => {
    const { stage, repository, promise, build, run, attached } = await summaryWorld();
    for (const path of ['staging/app', 'second/app']) storeImage(stage.staging.store, path, image);
    await build(image);
    await promise([image], policy('warn'));
    const mirrors = stage.mirrors.map(({ host }) => `- name: ${host}/prod\n`).join('');
    await repository.commit({
      'manifests/second/promoter-manifest.yaml': `registries:\n- name: ${stage.staging.host}/second\n  src: true\n${mirrors}${policy('warn')}`,
      'images/second/images.yaml': `- name: app\n  dmap:\n    "${digestOf(image)}": ["second"]\n`,
    });
    expect((await run('--verification-summaries')).code).toBe(0);
    expect(levelsIn(await attached(image))).toEqual(['FAILED by 0']);
    expect(told(await attached(image))).toContain('provenance/v1 verified builder');
  });

  it('say FAILED of what a policy only warns of, and nothing of it is carried', async () => {
    const { stage, promise, build, run, attached } = await summaryWorld();
    storeImage(stage.staging.store, 'staging/app', image);
    await build(image);
    await promise([image], policy('warn', 'https://ci.example/another'));
    const { code } = await run('--verification-summaries');
    expect(code).toBe(0);
    const all = await attached(image);
    expect(summaryOf(all)).toMatchObject([
      { verificationResult: 'FAILED', verifiedLevels: ['FAILED'], inputAttestations: [] },
    ]);
    expect(told(all)).toHaveLength(3);
  });

  it('R23 are reported when they are stuck, and superseded where that is wanted', async () => {
    const { stage, promise, build, run, attached } = await summaryWorld();
    storeImage(stage.staging.store, 'staging/app', image);
    await build(image);
    await promise([image]);
    await run('--verification-summaries');
    expect(warnings(await run('--verification-summaries', '--repair-since=all'))).toEqual([]);
    await promise([image], policy('require'));
    stage.taken();
    const stuck = await run('--verification-summaries', '--repair-since=all');
    expect([stuck.code, warnings(stuck)]).toEqual([0, [expect.stringContaining('--supersede-summaries')]]);
    expect(stuck.summary).toContain('1 insufficient summary kept');
    expect(stage.taken()).toMatchObject({ writes: 0 });
    const flags = ['--verification-summaries', '--supersede-summaries', '--repair-since=all'];
    const superseded = await run(...flags);
    expect([superseded.code, errors(superseded)]).toEqual([0, []]);
    const levels = summaryOf(await attached(image)).map(
      (one) => (one as { verifiedLevels: string[] }).verifiedLevels[0],
    );
    expect(new Set(levels)).toEqual(new Set(['SLSA_BUILD_LEVEL_3', 'SLSA_BUILD_LEVEL_UNEVALUATED']));
    stage.taken();
    const after = await run(...flags);
    expect([warnings(after), stage.taken().writes]).toEqual([[], 0]);
  });

  it('are not made up for, and the run says so, once staging no longer has what they would tell of', async () => {
    const { stage, promise, build, run, attached } = await summaryWorld();
    storeImage(stage.staging.store, 'staging/app', image);
    await build(image);
    await promise([image], policy('require'));
    await run('--sign=false');
    stage.staging.store.remove('staging/app', 'manifest', digestOf(image));
    const late = await run('--verification-summaries', '--repair-since=all');
    expect([late.code, warnings(late)]).toEqual([0, [expect.stringContaining('staging no longer has it')]]);
    expect(told(await attached(image))).toEqual(['promotion/v1 verified promoter', 'sign/v1 verified promoter']);
  });

  it('are announced in a dry run, which writes and signs nothing', async () => {
    const { stage, promise, build, run } = await summaryWorld();
    storeImage(stage.staging.store, 'staging/app', image);
    await build(image);
    await promise([image], policy('require'));
    stage.taken();
    const { code, log, summary } = await run('--confirm=false', '--verification-summaries');
    expect([code, log]).toEqual([
      0,
      expect.arrayContaining([`info Signing identity for verification summaries will be ${SUMMARIES}`]),
    ]);
    expect(summary).toContain('1 digest to sign or record');
    expect(stage.taken()).toMatchObject({ writes: 0, fulcio: 0, rekor: 0 });
  });

  it('are not written, and the run says so, where the manifests are at no commit', async () => {
    const { stage, promise, repository, run, attached } = await summaryWorld();
    storeImage(stage.staging.store, 'staging/app', image);
    await promise([image]);
    repository.git('remote', 'remove', 'origin');
    const { code, log } = await run('--verification-summaries');
    expect(code).toBe(0);
    expect(log.join('\n')).toContain('warning No verification summaries: the manifests are not at a commit');
    expect(summaryOf(await attached(image))).toEqual([]);
  });
});
