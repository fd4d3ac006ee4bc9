import { describe, expect, it } from 'vitest';
import type { Fault, FaultHook } from '../support/registry/faults.ts';
import { buildImage } from '../support/registry/images.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import type { TestRegistry } from '../support/registry/server.ts';
import { cip, kpromo } from '../support/promotion/cip.ts';
import { openReplicationWorld, type ReplicationWorld } from '../support/promotion/replication-world.ts';

const GOOGLE: RegistryOptions = { google: true };
const API: RegistryOptions = {};
const FALLBACK: RegistryOptions = { referrers: false };
const GOOGLE_FALLBACK: RegistryOptions = { google: true, referrers: false };

const PAIRS: readonly {
  readonly name: string;
  readonly primary: RegistryOptions;
  readonly mirrors: readonly RegistryOptions[];
}[] = [
  { name: 'with Google listings', primary: GOOGLE, mirrors: [GOOGLE, GOOGLE] },
  { name: 'with Google listings and fallback tags', primary: GOOGLE_FALLBACK, mirrors: [GOOGLE_FALLBACK, GOOGLE] },
  { name: 'with the referrers API', primary: API, mirrors: [API, FALLBACK] },
  { name: 'with fallback tags', primary: FALLBACK, mirrors: [FALLBACK, API] },
  { name: 'from a Google listing to registries without', primary: GOOGLE, mirrors: [API, FALLBACK] },
  { name: 'from a registry without to Google listings', primary: API, mirrors: [GOOGLE, GOOGLE_FALLBACK] },
];

/** Signs and attests the images of the primary: two `.sig`, an `.att`, and five referrers. */
async function attachAll(world: ReplicationWorld): Promise<void> {
  const { app, tool, platform } = world.images;
  world.sign('prod/app', app, buildImage({ seed: 101 }));
  world.sign('prod/tool', platform, buildImage({ seed: 102 }));
  world.sign('prod/tool', tool, buildImage({ seed: 103 }), 'att');
  await world.attach('prod/app', app, 201);
  await world.attach('prod/app', app, 202);
  await world.attach('prod/tool', platform, 203);
  await world.attach('prod/tool', tool, 204);
  await world.attach('prod/tool', tool, 205);
}

async function expectEqual(world: ReplicationWorld, mirror: TestRegistry): Promise<void> {
  const { app, tool, platform } = world.images;
  for (const [repository, image] of [
    ['prod/app', app],
    ['prod/tool', tool],
    ['prod/tool', platform],
  ] as const) {
    const wanted = await world.listed(world.primary, repository, image);
    expect(wanted.length).toBeGreaterThan(0);
    expect(await world.listed(mirror, repository, image)).toEqual(wanted);
  }
  for (const [path, { tags, manifests, blobs }] of Object.entries(world.primary.snapshot())) {
    const there = mirror.snapshot()[path];
    expect(there?.manifests).toMatchObject(withoutLists(manifests, tags));
    expect(there?.blobs).toMatchObject(blobs);
    const signed = Object.entries(tags).filter(([tag]) => !isList(tag));
    expect(there?.tags).toMatchObject(Object.fromEntries(signed));
  }
}

const isList = (tag: string): boolean => /^sha256-[0-9a-f]{64}$/.test(tag);

/** Fallback lists are each registry's own; what they list is compared. */
function withoutLists(manifests: Readonly<Record<string, string>>, tags: Readonly<Record<string, string>>): object {
  const tagged = new Set(Object.values(tags));
  const isIndex = (text: string): boolean => text.startsWith('application/vnd.oci.image.index');
  const kept = Object.entries(manifests).filter(
    ([digest, text]) => !isIndex(text) || Object.entries(tags).some(([tag, to]) => to === digest && !isList(tag)),
  );
  return Object.fromEntries(kept.filter(([digest]) => tagged.has(digest) || !isIndex(manifests[digest] ?? '')));
}

const writes = (registry: TestRegistry): number =>
  registry.counters.log.filter(({ method }) => !['GET', 'HEAD'].includes(method)).length;

function reset(world: ReplicationWorld): void {
  for (const { counters } of [world.primary, ...world.mirrors]) counters.reset();
}

describe('replicating what is attached', () => {
  it.each(PAIRS)('brings all of it to every mirror, digest-identical, $name', async ({ primary, mirrors }) => {
    await using world = await openReplicationWorld(primary, ...mirrors);
    await attachAll(world);
    const before = world.primary.snapshot();

    const dry = await world.run('dry-run');
    expect(dry.report.failures).toEqual([]);
    expect(dry.report.totals.pending).toBe(8 * mirrors.length);
    expect(dry.log.at(-1)).toBe('info Dry run complete (use --confirm to replicate)');
    for (const mirror of world.mirrors) expect(writes(mirror)).toBe(0);

    const { report, log } = await world.run('replicate');
    expect(report.failures).toEqual([]);
    expect(report.totals.copied).toBe(8 * mirrors.length);
    expect(log).toContain(`info ${8 * mirrors.length} copies needed`);
    for (const mirror of world.mirrors) await expectEqual(world, mirror);
    expect(world.primary.snapshot()).toEqual(before);

    reset(world);
    const again = await world.run('replicate');
    expect(again.log).toContain('info All signatures already replicated');
    expect(again.report.totals.copied + again.report.failures.length).toBe(0);
    for (const mirror of world.mirrors) expect(writes(mirror)).toBe(0);
  });

  it('needs one listing for each repository where listings tell all', async () => {
    await using world = await openReplicationWorld(GOOGLE, GOOGLE, GOOGLE);
    await attachAll(world);
    await world.run('replicate');
    reset(world);
    await world.run('replicate');
    for (const { counters } of [world.primary, ...world.mirrors])
      expect(counters.counts()).toMatchObject({ requests: 2, kinds: { list: 2 } });
  });

  it('brings what is attached to an image that a mirror holds and its list does not show', async () => {
    const empty = (path: string): Fault => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: path, child: [], manifest: {}, tags: [] }),
    });
    const hides: FaultHook = ({ kind, repository }) => (kind === 'list' ? empty(repository) : undefined);
    await using world = await openReplicationWorld(GOOGLE, { ...GOOGLE, fault: hides });
    await attachAll(world);
    const { report } = await world.run('replicate');
    expect(report.failures).toEqual([]);
    for (const mirror of world.mirrors) await expectEqual(world, mirror);
  });

  it('asks no mirror where nothing is attached', async () => {
    await using world = await openReplicationWorld(FALLBACK, API);
    reset(world);
    const { log } = await world.run('replicate');
    expect(log).toContain('info All signatures already replicated');
    expect(world.mirrors[0]?.counters.counts().requests).toBe(0);
  });

  it('asks for referrers once a digest of the primary, and once a mirror for those that have some', async () => {
    await using world = await openReplicationWorld(API, API, API);
    const { app } = world.images;
    await world.attach('prod/app', app, 201);
    await world.attach('prod/app', app, 202);
    await world.run('replicate');
    reset(world);
    await world.run('replicate');
    // Two listings, and two digests of which one has something attached.
    expect(world.primary.counters.counts().requests).toBe(4);
    for (const { counters } of world.mirrors) expect(counters.counts().requests).toBe(2);
  });

  it('R19 takes what vanished from the primary for nothing to copy', async () => {
    await using world = await openReplicationWorld(GOOGLE, GOOGLE);
    const digest = world.sign('prod/app', world.images.app, buildImage({ seed: 101 }));
    world.primary.inject(({ path, method }) =>
      method === 'GET' && path.includes(`manifests/${digest}`) ? { status: 404 } : undefined,
    );
    const { report, log } = await world.run('replicate');
    expect(report.failures).toEqual([]);
    expect(report.totals.copied).toBe(0);
    expect(log.some((line) => line.startsWith('info ') && line.includes('is gone from its registry'))).toBe(true);
  });

  it('R9 lets a mirror that is down fail alone, and the next run completes it', async () => {
    await using world = await openReplicationWorld(API, API, API);
    await attachAll(world);
    const [good, bad] = world.mirrors;
    if (good === undefined || bad === undefined) throw new Error('there are two');
    bad.inject(() => 'reset');
    const { report } = await world.run('replicate', 1000);
    expect(report.failures.map(({ code }) => code)).toEqual(['NETWORK']);
    expect(report.registries.filter(({ failed }) => failed > 0).map(({ host }) => host)).toEqual([bad.host]);
    await expectEqual(world, good);

    bad.inject(undefined);
    reset(world);
    const again = await world.run('replicate');
    expect(again.report.failures).toEqual([]);
    expect(writes(good)).toBe(0);
    await expectEqual(world, bad);
  });

  it('R13 replaces a signature that the primary has outgrown, and keeps one that it does not know', async () => {
    await using world = await openReplicationWorld(GOOGLE, GOOGLE, API);
    const { app, tool } = world.images;
    const ours = buildImage({ seed: 1, layers: [64], layerSeeds: [7] });
    const both = buildImage({ seed: 2, layers: [64, 64], layerSeeds: [7, 8] });
    const foreign = buildImage({ seed: 3, layers: [64], layerSeeds: [9] });
    const grown = world.sign('prod/app', app, both);
    world.sign('prod/tool', tool, ours);
    for (const mirror of world.mirrors) {
      world.sign('prod/app', app, ours, 'sig', mirror);
      world.sign('prod/tool', tool, foreign, 'sig', mirror);
    }
    const { report } = await world.run('replicate');
    const tag = `${tool.manifest.descriptor.digest.replace(':', '-')}.sig`;
    expect(report.failures).toMatchObject([{ code: 'TAG_MOVE', phase: 'replicate' }]);
    expect(report.failures[0]?.refs).toEqual(world.mirrors.map(({ host }) => `${host}/prod/tool:${tag}`));
    for (const { store } of world.mirrors) {
      expect(store.resolve('prod/tool', tag)).toBe(foreign.manifest.descriptor.digest);
      expect(store.resolve('prod/app', `${app.manifest.descriptor.digest.replace(':', '-')}.sig`)).toBe(grown);
    }
  });

  // One pair for each way to tell what is attached; those that mix them differ in reading only, which is tested above.
  it.each([2, 9])('goes on after a kill at write %i', async (nth) => {
    for (const { primary, mirrors } of PAIRS.slice(1, 3)) {
      await using world = await openReplicationWorld(primary, ...mirrors);
      await attachAll(world);
      const [first] = world.mirrors;
      if (first === undefined) throw new Error('there is one');
      let seen = 0;
      // From some write on nothing arrives any more, as if the process had been killed there.
      first.inject(({ method }) => {
        if (!['GET', 'HEAD'].includes(method)) seen += 1;
        return seen >= nth ? 'reset' : undefined;
      });
      const { report } = await world.run('replicate', 1000);
      expect(report.failures.length).toBeGreaterThan(0);
      first.inject(undefined);
      expect((await world.run('replicate')).report.failures).toEqual([]);
      for (const mirror of world.mirrors) await expectEqual(world, mirror);
    }
  });
});

describe('kpromo replicate', () => {
  it('says that --sign=false switches it off, whatever the log level', async () => {
    const { code, log, summary } = await kpromo(['replicate', '--manifest=m', '--sign=false', '--log-level=warn']);
    expect([code, log]).toEqual([0, []]);
    expect(summary).toBe('Summary: nothing was replicated: --sign=false disables replication');
  });

  it("replicates by upstream's command, with its words", async () => {
    await using world = await openReplicationWorld(GOOGLE, GOOGLE);
    await attachAll(world);
    await using tree = await world.writeTree();
    const args = ['replicate-signatures', '--manifests', tree.path, '--registry-config', tree.config];

    const off = await cip([...args, '--confirm', '--sign=false']);
    expect(off).toMatchObject({ code: 0, log: [expect.any(String), 'info Not replicating signatures (--sign=false)'] });
    const dry = await cip([...args, '--detailed-exitcode']);
    expect(dry.code).toBe(2);
    expect(dry.summary).toContain('8 copies of signatures and attestations needed');
    expect(world.mirrors.map(writes)).toEqual([0]);

    const done = await cip([...args, '--confirm']);
    expect(done.code, done.stderr).toBe(0);
    expect(done.summary).toContain('8 copies of signatures and attestations made');
    expect(done.log.filter((line) => line.startsWith('info Copied signature '))).toHaveLength(8);
    const again = await cip([...args, '--confirm']);
    expect(again.log).toContain('info All signatures already replicated');
    expect(again.summary).toContain('nothing to replicate, 2 images with mirrors');
  });
});
