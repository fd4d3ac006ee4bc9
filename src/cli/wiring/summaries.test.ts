import { describe, expect, it, onTestFinished } from 'vitest';
import { createRepository, type TestRepository } from '../../../test/support/git.ts';
import { homeWith } from '../../../test/support/home.ts';
import { testContext } from '../../../test/support/promotion/context.ts';
import { signingIn, signingWorld } from '../../../test/support/signing.ts';
import { loadManifests } from '../../manifest/load.ts';
import { CIP_FLAGS, cipOptions } from '../options/commands/cip.ts';
import { parseFlags } from '../options/flags/parse-flags.ts';
import { openRegistries } from './registries.ts';
import { summariesOf, type Summaries } from './summaries.ts';
import { openSecrets } from '../../secrets/secrets.ts';

const FILE = 'manifests/app/promoter-manifest.yaml';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const TREE = {
  [FILE]: 'registries:\n- name: a.test\n  src: true\n- name: b.test\n',
  'images/app/images.yaml': `- name: app\n  dmap:\n    "${DIGEST}": ["v1"]\n`,
};

type Opened = {
  readonly summaries: Summaries | undefined;
  readonly log: readonly string[];
  readonly tree: TestRepository;
  readonly commit: string;
};

/** Opens summaries with these flags, for a tree at a commit of a repository. */
async function opened(flags: readonly string[], origin = 'https://git.test/images.git'): Promise<Opened> {
  const tree = await createRepository();
  onTestFinished(() => tree[Symbol.asyncDispose]());
  const commit = await tree.commit(TREE);
  if (origin !== '') tree.git('remote', 'add', 'origin', origin);
  const world = await signingWorld();
  const token = world.sigstore.token({ email: 'images@example.com' });
  const env = { PATH: process.env['PATH'], HOME: await homeWith({}), SIGSTORE_ID_TOKEN: token };
  const { context, log } = testContext();
  const registries = openRegistries({ env, ...context, random: () => 1 });
  onTestFinished(registries.close);
  const options = cipOptions(parseFlags(CIP_FLAGS, [`--manifests=${tree.path}`, '--confirm', ...flags]));
  const output = { write: () => undefined, isTerminal: false };
  const load = (): ReturnType<typeof loadManifests> => loadManifests({ manifests: tree.path });
  const signing = await signingIn(world, { env });
  const given = { signing, registries, load, version: 'v1.0.0', refuse: () => undefined };
  const services = { ...context, env, stdout: output, stderr: output, task: 'kpromo cip', secrets: openSecrets() };
  return { summaries: await summariesOf(options, services, given), log, tree, commit };
}

describe('src/cli/wiring/summaries.ts', () => {
  it('opens and logs nothing without --verification-summaries', async () => {
    expect(await opened([])).toMatchObject({ summaries: undefined, log: [] });
  });

  it.each([
    ['the signer of images', [], 'images@example.com'],
    ['an account', ['--summary-signer-account=summaries@acme.test'], 'summaries@acme.test'],
  ])('logs %s as their signer, whatever identity the environment has for images', async (_, flags, who) => {
    const { summaries, log } = await opened(['--verification-summaries', ...flags]);
    expect(log).toEqual([`info Signing identity for verification summaries will be ${who}`]);
    expect(await summaries?.signing.identity(new AbortController().signal)).toEqual({
      kind: 'keyless',
      issuer: 'https://accounts.google.com',
      subject: who,
    });
  });

  it('rejects an invalid token before anything is promoted', async () => {
    const home = await homeWith({ token: 'no token' });
    const flags = ['--verification-summaries', `--summary-identity-token=${home}/token`];
    await expect(opened(flags)).rejects.toMatchObject({ name: 'PromotionError', code: 'IDENTITY' });
  });

  it('returns the commit of files, and the manifest of an image list', async () => {
    const { summaries, tree, commit } = await opened(['--verification-summaries', '--supersede-summaries']);
    expect(summaries).toMatchObject({ supersede: true, version: 'v1.0.0' });
    const manifest = summaries?.manifestOf(`${tree.path}/images/app/images.yaml`) ?? '';
    expect(manifest).toBe(`${tree.path}/${FILE}`);
    expect(summaries?.committed(manifest)).toEqual({
      name: FILE,
      uri: 'git+https://git.test/images',
      gitCommit: commit,
    });
  });

  it.each([
    ['no origin', ''],
    ['an origin without an address', '/srv/git/images'],
  ])('writes none if the repository has %s', async (_, origin) => {
    const { summaries, log } = await opened(['--verification-summaries'], origin);
    expect([summaries, log]).toEqual([undefined, [expect.stringContaining('warning No verification summaries')]]);
  });
});
