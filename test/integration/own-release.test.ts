import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { realClock } from '../../src/clock.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { attest, slsa, SLSA_V1 } from '../support/evidence.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { buildMultiPlatform, storeImage } from '../support/registry/images.ts';
import { signingIn } from '../support/signing.ts';
import { GITHUB_CLAIMS } from '../support/sigstore/oidc.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const TREE = 'manifests/release';
const REPOSITORY = 'kpromo/kpromo';
const TAG = 'v0.1.0';

/** The claims of a job of the project. */
function claims(workflow: string, ref: string): Readonly<Record<string, unknown>> {
  const job = `${REPOSITORY}/.github/workflows/${workflow}@${ref}`;
  const sub = `repo:${REPOSITORY}:ref:${ref}`;
  return { ...GITHUB_CLAIMS, repository: REPOSITORY, sub, ref, job_workflow_ref: job, workflow_ref: job };
}

/** A copy of the tree, in which registries on loopback take the place of ghcr.io. */
function ownTree({ staging, mirrors: [production] }: SigningStage): string {
  const folder = mkdtempSync(join(tmpdir(), 'kpromo-own-release-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(ROOT, TREE), folder, { recursive: true });
  const file = join(folder, 'manifests', 'kpromo', 'promoter-manifest.yaml');
  const text = readFileSync(file, 'utf8')
    .replace('ghcr.io/kpromo/staging', `${staging.host}/kpromo/staging`)
    .replace('ghcr.io/kpromo', `${production?.host}/kpromo`);
  expect(text).not.toContain('ghcr.io');
  writeFileSync(file, text);
  return folder;
}

/** Returns the flags of the line of promote.yml that runs a command. */
function flagsOf(command: string, tree: string): readonly string[] {
  const workflow = readFileSync(join(ROOT, '.github', 'workflows', 'promote.yml'), 'utf8');
  const [, flags = ''] = new RegExp(`run: bin/kpromo ${command} (.+)`).exec(workflow) ?? [];
  expect(flags).toContain(TREE);
  return flags
    .replaceAll(TREE, tree)
    .replaceAll(/(\S+\.(?:json|md))\b/g, `${tree}-$1`)
    .split(' ');
}

/** Pushes an image as the release does: with provenance that a job signed at a ref. */
async function release(world: SigningStage, workflow: string, ref: string): Promise<Descriptor> {
  const image = buildMultiPlatform({ seed: 1 }, ['linux/amd64', 'linux/arm64']);
  const subject = storeImage(world.staging.store, 'kpromo/staging/kpromo', image, [TAG]);
  const env = { SIGSTORE_ID_TOKEN: world.sigstore.token(claims(workflow, ref)) };
  const signing = await signingIn({ sigstore: world.sigstore, clock: realClock() }, { env });
  const builder = `https://github.com/${REPOSITORY}/.github/workflows/${workflow}@${ref}`;
  const predicate = slsa(builder, `github.com/${REPOSITORY}`, { ref, commit: String(GITHUB_CLAIMS['sha']) });
  const signer = await signing.signer(new AbortController().signal);
  await attest(world.staging.store, 'kpromo/staging/kpromo', subject, signer, { predicateType: SLSA_V1, predicate });
  return subject;
}

/** Adds the release to the tree, and promotes and verifies it with the command lines of promote.yml. */
async function promote(world: SigningStage, { digest }: Descriptor): Promise<Record<'cip' | 'sigcheck', CipRun>> {
  const tree = ownTree(world);
  const names = ['--project=kpromo', '--image=kpromo', `--tag=${TAG}`, `--digests=${digest}`];
  const added = await kpromo(['add', '--manifests', tree, ...names]);
  expect([added.code, added.stdout]).toEqual([0, expect.stringContaining('1 digest, 1 tag added')]);
  expect((await kpromo(['validate', tree])).stdout).toContain('valid, 1 image\n');
  const services = [`--trusted-root=${world.sigstore.trustedRootFile}`];
  const signing = [...services, `--signing-config=${world.sigstore.signingConfigFile}`];
  const env = { SIGSTORE_ID_TOKEN: world.sigstore.token(claims('promote.yml', 'refs/heads/main')) };
  return {
    cip: await kpromo(['cip', ...flagsOf('cip', tree), ...signing], { env }),
    sigcheck: await kpromo(['sigcheck', ...flagsOf('sigcheck', tree), ...services]),
  };
}

describe('the release of kpromo', () => {
  it('is a valid tree before the first release', async () => {
    const { code, stdout } = await kpromo(['validate', join(ROOT, TREE)]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/: valid, \d+ images?/)]);
  });

  it('is promoted, signed as the workflow and verified', async () => {
    const world = await signingStage(1);
    const subject = await release(world, 'release.yml', `refs/tags/${TAG}`);
    const { cip, sigcheck } = await promote(world, subject);
    expect([cip.code, cip.summary]).toEqual([0, expect.stringContaining('1 digest signed')]);
    const [production] = world.mirrors;
    expect(production?.snapshot()['kpromo/kpromo']?.tags).toMatchObject({ [TAG]: subject.digest });
    expect([sigcheck.code, sigcheck.stdout]).toEqual([0, expect.stringContaining('verified')]);
  });

  it.each([
    ['at a branch', 'release.yml', 'refs/heads/main'],
    ['at a tag that is not a version', 'release.yml', 'refs/tags/v0.1.0-try'],
    ['by another workflow', 'ci.yml', `refs/tags/${TAG}`],
  ])('is not promoted if it was built %s', async (_, workflow, ref) => {
    const world = await signingStage(1);
    const { cip, sigcheck } = await promote(world, await release(world, workflow, ref));
    expect([cip.code, cip.summary]).toEqual([1, expect.stringContaining('PROVENANCE')]);
    expect(world.mirrors[0]?.snapshot()['kpromo/kpromo']?.tags ?? {}).toEqual({});
    expect(sigcheck.stdout).not.toContain('verified');
  });
});
