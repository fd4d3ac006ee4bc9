import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cosignTag } from '../../src/image/cosign-tag.ts';
import type { Digest } from '../../src/image/digest.ts';
import { onceForFile, type Ends } from '../support/once.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import { buildImage, buildMultiPlatform, storeImage } from '../support/registry/images.ts';
import type { TestRegistry } from '../support/registry/server.ts';
import { startRouter, type Router } from '../support/router.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const app = buildImage({ seed: 1 });
const tool = buildMultiPlatform({ seed: 10 }, ['linux/amd64', 'linux/arm64']);
const digestOf = ({ manifest }: typeof app): Digest => manifest.descriptor.digest;

type World = {
  readonly stage: SigningStage;
  readonly router: Router;
  readonly primary: TestRegistry;
  readonly standby: TestRegistry;
  readonly region: TestRegistry;
  /** Runs a command on the tree with the registry configuration. */
  run(command: string, ...args: readonly string[]): Promise<CipRun>;
  /** Without a tree. */
  plain(...args: readonly string[]): Promise<CipRun>;
};

/** A primary, a standby and a region behind a router, and two images in staging. */
async function routedWorld(registry: RegistryOptions = {}, ends: Ends = onTestFinished): Promise<World> {
  const stage = await signingStage(3, { registry, ends });
  storeImage(stage.staging.store, 'staging/app', app);
  storeImage(stage.staging.store, 'staging/tool', tool);
  const project = stage.project([
    ['app', digestOf(app), 'v1'],
    ['tool', digestOf(tool), 'v2'],
  ]);
  const tree = await writeTree([project]);
  const [primary, standby, region] = project.to.map((name) =>
    stage.mirrors.find(({ host }) => name.startsWith(`${host}/`)),
  );
  if (primary === undefined || standby === undefined || region === undefined)
    throw new Error('there are three mirrors');
  const router = await startRouter(`${primary.host}/prod`, `${region.host}/prod`, ends);
  const config = join(tree.path, 'registries.yaml');
  await writeFile(
    config,
    `version: 1
publicNames: [{ match: "127.0.0.1:*/prod", name: "${router.host}" }]
attachments: [{ match: "127.0.0.1:*/prod", mode: routed, through: "${router.host}", standby: ["${standby.host}/prod"] }]
`,
  );
  const plain: World['plain'] = (...args) => {
    const { sigstore } = stage;
    const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`];
    const who = args[0] === 'sigcheck' ? [`--certificate-identity=${SIGNER.subject}`] : [];
    return kpromo([...args, ...trust, ...who, `--registry-config=${config}`], {
      env: { SIGSTORE_ID_TOKEN: sigstore.token() },
    });
  };
  const run: World['run'] = (command, ...args) => plain(command, '--manifests', tree.path, ...args);
  return { stage, router, primary, standby, region, run, plain };
}

/** Production as it should be: promoted, signed on the primary, and the standby in step; `before` it was, a check. */
const right = onceForFile(async (ends) => {
  const world = await routedWorld({}, ends);
  const runs = (command: string): Promise<CipRun> => world.run(command, '--confirm');
  const promoted = await runs('cip');
  const before = await world.run('sigcheck');
  for (const { code, stderr, log } of [promoted, await runs('replicate')])
    if (code !== 0 || log.some((line) => line.startsWith('error '))) throw new Error(stderr);
  return { ...world, before };
});

/** The same for all tests: who changes something there changes it back. */
async function rightWorld(): Promise<World & { readonly before: CipRun }> {
  const world = await right();
  world.router.fault({});
  return world;
}

function signatureOf({ primary }: World, image = app): Digest {
  const found = primary.store.resolve('prod/app', cosignTag(digestOf(image), 'sig'));
  if (found === undefined) throw new Error('it is signed');
  return found;
}

const broken = ({ stdout }: CipRun): readonly string[] =>
  stdout.split('\n').filter((line) => /^(?:tag|image|signature tag|referrers|manifest|blob) /.test(line));

describe('attachments that are routed', () => {
  it('are copied to the standby alone, and right production is green', async () => {
    const world = await rightWorld();
    const tags = ({ store }: TestRegistry): number =>
      [...(store.repository('prod/app')?.tags.keys() ?? [])].filter((tag) => tag.endsWith('.sig')).length;
    expect([world.primary, world.standby, world.region].map(tags)).toEqual([1, 1, 0]);
    world.stage.taken();
    const checked = await world.run('sigcheck');
    expect([checked.code, broken(checked)]).toEqual([0, []]);
    expect(checked.stdout).toContain('signatures, by digest and repository: 4 verified\n');
    expect(checked.stdout).toMatch(/2 digests checked as clients see them, through \d+ links: none broken\n/);
    // a repair has nothing to do
    const repaired = await world.run('sigcheck', '--confirm');
    expect([repaired.code, world.stage.taken().writes]).toEqual([0, 0]);
  });

  it('are there before any tag is with --tags-last, and a dry run says so', async () => {
    const world = await routedWorld();
    const dry = await world.run('cip', '--tags-last', '--require-identity=false');
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining('\n  tags are written last: ')]);
    const run = await world.run('cip', '--tags-last', '--confirm');
    expect([run.code, run.summary]).toEqual([0, expect.stringContaining('2 of 2 images promoted (6 references)')]);
    expect(run.summary).toContain('tags are written last');
    // the standby got its copies with the promotion, the region none
    const checked = await world.run('sigcheck');
    expect([checked.code, broken(checked)]).toEqual([0, []]);
    for (const registry of [world.primary, world.standby, world.region]) {
      const puts = registry.counters.log
        .filter(({ kind }) => kind === 'putManifest')
        .map(({ path }) => path.split('/').at(-1) ?? '');
      const first = puts.findIndex((reference) => /^v\d$/.test(reference));
      expect(puts.slice(first).every((reference) => /^v\d$/.test(reference))).toBe(true);
    }
  });

  it('are missed on a standby, and nowhere else', async () => {
    const { before: checked } = await rightWorld();
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain('signatures, by digest and repository: 2 verified, 2 unsigned\n');
  });

  it('need the referrers API, or nothing is written', async () => {
    const world = await routedWorld({ referrers: false });
    for (const store of [world.primary.store, world.standby.store])
      storeImage(store, 'prod/app', buildImage({ seed: 9 }), ['v0']);
    const said = /has no referrers API, but its attachments are routed/;
    const dry = await world.run('cip', '--require-identity=false');
    const run = await world.run('cip', '--confirm');
    for (const { code, log } of [dry, run]) {
      const told = log.filter((line) => line.startsWith('error ') && said.test(line));
      expect([code, told.length]).toEqual([1, 2]);
    }
    const replicated = await world.run('replicate', '--confirm');
    expect([replicated.code, replicated.stderr]).toEqual([1, expect.stringMatching(said)]);
    const repaired = await world.run('sigcheck', '--confirm');
    expect([repaired.code, repaired.stderr]).toEqual([1, expect.stringMatching(said)]);
    expect(world.stage.taken().writes).toBe(0);
  });
});

describe('looking at production as clients do', () => {
  it('is green when every link holds, with a tree and without, whatever name is given', async () => {
    const world = await rightWorld();
    const { router, primary } = world;
    const asked = router.requests.length;
    const all = await world.run('sigcheck', `--through=${router.host}`);
    expect([all.code, broken(all)]).toEqual([0, []]);
    // 14 for an image, 10 for a platform
    expect(all.stdout).toBe('2 digests checked as clients see them, through 48 links: none broken\n');
    expect(router.requests.length - asked).toBe(48);
    for (const ref of [`${router.host}/app:v1`, `${primary.host}/prod/app@${digestOf(app)}`]) {
      const one = await world.run('sigcheck', `--through=${router.host}`, ref);
      expect([one.code, one.stdout]).toEqual([
        0,
        '1 digest checked as clients see them, through 14 links: none broken\n',
      ]);
    }
    const alone = await world.plain('sigcheck', `--through=${router.host}`, `${primary.host}/prod/app:v1`);
    expect([alone.code, alone.stdout]).toEqual([0, expect.stringMatching(/^1 digest checked/)]);
    const untold = await world.plain('sigcheck', `--through=${router.host}`, `${router.host}/app:v1`);
    expect([untold.code, untold.stderr]).toEqual([
      1,
      expect.stringContaining(`the repository of ${router.host}/app on a primary registry is unknown`),
    ]);
    const unknown = await world.run('sigcheck', `--through=${router.host}`, `${router.host}/app:v9`);
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('no manifest and no registry knows it'),
    ]);
  });

  it('finds kubernetes/registry.k8s.io#324 by its name, blobs that stay in the region, and lists that are not routed', async () => {
    const world = await rightWorld();
    const { router, primary } = world;
    const signature = signatureOf(world);
    router.fault({ digestsStay: true });
    const checked = await world.run('sigcheck', `--through=${router.host}`, `${router.host}/app:v1`);
    expect(checked.code).toBe(1);
    // the signature, and the bundles of signature and record
    expect(broken(checked)).toHaveLength(3);
    expect(broken(checked)).toContain(
      `manifest ${router.host}/app@${signature}: not found, but ${primary.host}/prod/app has it`,
    );
    expect(checked.stderr).toContain('kubernetes/registry.k8s.io#324');
    // a check of the registries alone cannot see it; the configuration has it looked at in every check
    expect((await world.run('sigcheck')).code).toBe(1);

    const look = (): Promise<CipRun> => world.run('sigcheck', `--through=${router.host}`, `${router.host}/app:v1`);
    router.fault({ blobsStay: true });
    const blobs = await look();
    expect(new Set(broken(blobs).map((line) => line.split(' ')[0]))).toEqual(new Set(['blob']));
    expect(blobs.stderr).toContain('kubernetes-sigs/promo-tools#1949');
    router.fault({ noReferrers: true });
    const lists = await look();
    // the whole list, and the list of bundles
    expect(broken(lists)).toEqual([
      expect.stringMatching(/^referrers .*: its list of referrers lacks sha256:\w+ and 1 more, which /),
      expect.stringMatching(
        /^referrers .*: its list of referrers of type application\/vnd\.dev\.sigstore\.bundle.* lacks/,
      ),
    ]);
    expect(lists.stdout).toContain(`which ${primary.host}/prod/app lists`);
    expect(lists.code).toBe(1);
  });

  it('finds tags of the region that are older, and what a router remembers as missing', async () => {
    const world = await rightWorld();
    const { router, region } = world;
    const tag = cosignTag(digestOf(app), 'sig');
    router.fault({ remembersAbsence: true });
    const signature = world.primary.store.resolve('prod/app', tag);
    const stored = signature && world.primary.store.repository('prod/app')?.manifests.get(signature);
    if (signature === undefined || stored?.bytes === undefined) throw new Error('it is signed');
    world.primary.store.remove('prod/app', 'manifest', tag);
    expect((await fetch(`http://${router.host}/v2/app/manifests/${tag}`)).status).toBe(404);
    world.primary.store.putManifest('prod/app', tag, stored.mediaType, stored.bytes);
    const look = (): Promise<CipRun> => world.run('sigcheck', `--through=${router.host}`, `${router.host}/app:v1`);
    expect(broken(await look())).toEqual([
      `signature tag ${router.host}/app:${tag}: not found, but ${world.primary.host}/prod/app has it`,
    ]);
    router.fault({});
    expect((await look()).code).toBe(0);
    const old = storeImage(region.store, 'prod/app', buildImage({ seed: 5 }), ['v1']);
    expect(broken(await look())).toEqual([
      `tag ${router.host}/app:v1: shows ${old.digest}, but ${world.primary.host}/prod/app ${digestOf(app)}`,
    ]);
    storeImage(region.store, 'prod/app', app, ['v1']);
  });
});
