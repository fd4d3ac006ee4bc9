import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { homeWith } from '../support/home.ts';
import { cip, kpromo } from '../support/promotion/cip.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { buildImage, buildMultiPlatform, storeImage, type BuiltImage } from '../support/registry/images.ts';
import { startRegistries, startRegistry, type TestRegistry } from '../support/registry/server.ts';

/** What a registry was asked, by kind. */
type Kinds = Readonly<Record<string, number>>;

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm', 'linux/s390x', 'linux/ppc64le'];

/** Each tag that is written is asked for just before, and read back after. */
const TAG_HEADS = 2;

/** To find out what is attached to an image in staging: which tags there are, and what refers to it. */
const ATTACHED = { list: 1, referrers: 1 } as const;

describe.each([{ google: true }, { google: false }])(
  'the request budget, with Google listing: $google',
  ({ google }) => {
    let registries: readonly TestRegistry[] = [];
    const staging = (): TestRegistry => registries[0] as TestRegistry;
    const mirrors = (): readonly TestRegistry[] => registries.slice(1);

    beforeEach(async () => {
      registries = await startRegistries(4, { google });
    });
    afterEach(async () => {
      await Promise.all(registries.map((registry) => registry.close()));
    });

    /** Runs a promotion of these entries and tells what each registry was asked, staging first. */
    const promote = async (...entries: ProjectSpec['entries']): Promise<readonly Kinds[]> => {
      const to = mirrors().map(({ host }) => `${host}/prod`);
      await using tree = await writeTree([{ name: 'app', from: `${staging().host}/staging`, to, entries }]);
      for (const { counters } of registries) counters.reset();
      const { code, stderr } = await cip(['--thin-manifest-dir', tree.path, '--confirm', '--sign=false']);
      expect(code, stderr).toBe(0);
      expect(registries.flatMap(({ unexpected }) => unexpected)).toEqual([]);
      return registries.map(({ counters }) => counters.counts().kinds as Kinds);
    };
    const stored = (path: string, image: BuiltImage, ...where: readonly TestRegistry[]): string => {
      for (const { store } of where) storeImage(store, path, image);
      return image.manifest.descriptor.digest;
    };
    const newImage = (seed: number): BuiltImage => buildImage({ seed, layers: [100, 200, 300] });
    const sum = (kinds: Kinds, ...left: readonly string[]): number =>
      Object.entries(kinds).reduce((total, [kind, count]) => (left.includes(kind) ? total : total + count), 0);

    it('is 7 source reads for a new image of 4 blobs, and at most 12 requests a mirror', async () => {
      // A repository that holds something already, as most do: its inventory is planning, and counted apart.
      stored('prod/app', newImage(1), ...mirrors());
      const digest = stored('staging/app', newImage(2), staging());
      const [source = {}, ...targets] = await promote(['app', digest, 'v1']);
      expect(source).toEqual({ getManifest: 1, getBlob: 4, ...ATTACHED });
      for (const target of targets) {
        const planning = google ? 0 : 1;
        const headManifest = TAG_HEADS + planning;
        expect(target).toEqual({ list: 1, postUpload: 4, put: 4, putManifest: 1, headManifest });
        expect(sum(target, 'list') - planning).toBeLessThanOrEqual(12);
      }
    });

    it('is 28 source reads for an index of 5 platforms with 20 blobs, and at most 54 requests a mirror', async () => {
      stored('prod/app', newImage(1), ...mirrors());
      const index = buildMultiPlatform({ seed: 3, layers: [100, 200, 300] }, PLATFORMS);
      const [source = {}, ...targets] = await promote(['app', stored('staging/app', index, staging()), 'v1']);
      expect(source).toEqual({ getManifest: 6, getBlob: 20, ...ATTACHED });
      for (const target of targets) {
        const planning = google ? 0 : 1;
        // Beside the HEADs of the tag, each child is read back by its digest.
        const headManifest = TAG_HEADS + PLATFORMS.length + planning;
        expect(target).toEqual({ list: 1, postUpload: 20, put: 20, putManifest: 6, headManifest });
        expect(sum(target, 'list') - planning).toBeLessThanOrEqual(54);
      }
    });

    it('is one PUT between two HEADs a mirror for a further tag, and three reads of the source for all', async () => {
      const image = newImage(4);
      stored('staging/app', image, staging());
      for (const { store } of mirrors()) storeImage(store, 'prod/app', image, ['v1']);
      const [source = {}, ...targets] = await promote(['app', image.manifest.descriptor.digest, 'v1', 'v2']);
      expect(source).toEqual({ getManifest: 1, ...ATTACHED });
      const headManifest = TAG_HEADS + (google ? 0 : 1);
      for (const target of targets) expect(target).toEqual({ list: 1, putManifest: 1, headManifest });
    });

    it('is one listing a repository when there is nothing to do, and without the extension a HEAD for each tag and tagless digest', async () => {
      const [tagged, tagless] = [newImage(5), newImage(6)];
      for (const { store } of mirrors()) {
        storeImage(store, 'prod/app', tagged, ['v1', 'v1.0']);
        storeImage(store, 'prod/app', tagless);
        storeImage(store, 'prod/other', tagged, ['v1']);
      }
      const [digest, loose] = [tagged, tagless].map(({ manifest }) => manifest.descriptor.digest);
      const [source = {}, ...targets] = await promote(
        ['app', digest ?? '', 'v1', 'v1.0'],
        ['app', loose ?? ''],
        ['other', digest ?? '', 'v1'],
      );
      expect(source).toEqual({});
      for (const target of targets) expect(target).toEqual(google ? { list: 2 } : { list: 2, headManifest: 4 });
    });

    it('is at most one listing of a source repository with many digests pending', async () => {
      const images = Array.from({ length: 12 }, (_, index) => newImage(10 + index));
      const entries = images.map(
        (image, index) => ['app', stored('staging/app', image, staging()), `v${index}`] as const,
      );
      const [source = {}] = await promote(...entries);
      expect(source).toEqual({ list: 1, getManifest: 12, getBlob: 48, referrers: 12 });
    });
  },
);

describe('the request budget within one registry', () => {
  it('is one POST a blob, which mounts it, and no blob read at all', async () => {
    const [registry] = await startRegistries(1, { google: true });
    if (registry === undefined) throw new Error('no registry was started');
    try {
      const image = buildImage({ seed: 7, layers: [100, 200, 300] });
      storeImage(registry.store, 'staging/app', image);
      const { digest } = image.manifest.descriptor;
      await using tree = await writeTree([
        {
          name: 'app',
          from: `${registry.host}/staging`,
          to: [`${registry.host}/prod`],
          entries: [['app', digest, 'v1']],
        },
      ]);
      expect((await cip(['--thin-manifest-dir', tree.path, '--confirm', '--sign=false'])).code).toBe(0);
      const { kinds, mounts } = registry.counters.counts();
      // The repository is new and nothing has shown yet that this registry lists digests: one look-up by digest.
      expect(kinds).toEqual({ list: 2, referrers: 1, headManifest: 3, getManifest: 1, postUpload: 4, putManifest: 1 });
      expect(mounts).toBe(4);
    } finally {
      await registry.close();
    }
  });
});

describe('the request budget of a host with credentials', () => {
  it.each(['basic', 'bearer'] as const)('is one more request a host, not a repository, with %s', async (scheme) => {
    await using registry = await startRegistry({ google: true, auth: { scheme, users: { me: 'hunter2' } } });
    const image = buildImage({ seed: 8, layers: [100] });
    const { digest } = image.manifest.descriptor;
    const names = ['one', 'two', 'three', 'four'];
    for (const name of names) storeImage(registry.store, `prod/${name}`, image, ['v1']);
    const auth = Buffer.from('me:hunter2').toString('base64');
    const HOME = await homeWith({ '.docker/config.json': { auths: { [registry.host]: { auth } } } });
    const entries = names.map((name) => [name, digest, 'v1'] as const);
    const project = { name: 'app', from: `${registry.host}/staging`, to: [`${registry.host}/prod`], entries };
    await using tree = await writeTree([project]);
    const args = ['--thin-manifest-dir', tree.path, '--confirm', '--sign=false'];
    const { code, stderr } = await cip(args, { env: { HOME } });
    expect(code, stderr).toBe(0);
    const tokens = scheme === 'bearer' ? { token: names.length } : {};
    expect(registry.counters.counts().kinds).toEqual({ ping: 1, list: names.length, ...tokens });
  });
});

describe('the request budget of an audit', () => {
  it('is at most 1.05 times those of a dry run on a registry that lists digests', async () => {
    const registries = await startRegistries(3, { google: true });
    onTestFinished(async () => void (await Promise.all(registries.map((one) => one.close()))));
    const [staging, ...mirrors] = registries;
    const entries = Array.from({ length: 60 }, (_, index) => {
      const image = buildImage({ seed: 900 + index, layers: [10] });
      for (const { store } of mirrors) storeImage(store, `prod/image-${index}`, image, ['v1']);
      return [`image-${index}`, image.manifest.descriptor.digest, 'v1'] as const;
    });
    const to = mirrors.map(({ host }) => `${host}/prod`);
    await using tree = await writeTree([{ name: 'one', from: `${staging?.host}/staging`, to, entries }]);
    const requests = async (args: readonly string[]): Promise<number> => {
      for (const { counters } of mirrors) counters.reset();
      expect((await kpromo([...args, '--manifests', tree.path, '--sign=false'])).code).toBe(0);
      return mirrors.reduce((sum, { counters }) => sum + counters.log.length, 0);
    };
    const dry = await requests(['cip']);
    const audited = await requests(['audit']);
    expect(dry).toBe(120);
    expect(audited).toBeLessThanOrEqual(1.05 * dry);
  });
});
