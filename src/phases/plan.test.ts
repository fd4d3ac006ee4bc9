import { describe, expect, it } from 'vitest';
import { testContext } from '../../test/support/promotion/context.ts';
import { digestOfLabel, imageOf } from '../../test/support/promotion/plan-cases.ts';
import { loadedTree, type ProjectSpec } from '../../test/support/promotion/tree.ts';
import { buildImage, buildIndex, buildMultiPlatform, storeImage } from '../../test/support/registry/images.ts';
import { memoryRegistry, type MemoryRegistry } from '../../test/support/memory-registry/memory.ts';
import type { RepositoryListing } from '../registry/roles.ts';
import { sourceReader } from '../registry/source.ts';
import { plan, type Plan } from './plan.ts';
import { setup } from './setup.ts';
import { countTraffic } from './reading/traffic.ts';

type Bench = {
  readonly registry: Pick<MemoryRegistry, 'store'>;
  readonly calls: string[];
  run(...entries: ProjectSpec['entries']): Promise<Plan>;
};

type Given = { readonly unlisted?: boolean; readonly destination?: 'written' | 'compared' };

/** `unlisted`: lists of destinations are empty, whatever they hold; `compared`: as in a dry run. */
function bench(
  listing: 'digests' | 'tags' = 'digests',
  { unlisted = false, destination = 'written' }: Given = {},
): Bench {
  const calls: string[] = [];
  const whole = memoryRegistry({
    listing: () => listing,
    before: ({ operation, repository, reference }) => void calls.push(`${operation} ${repository} ${reference}`.trim()),
  });
  const nothing: RepositoryListing =
    listing === 'tags' ? { kind: 'tags', tags: new Set() } : { kind: 'digests', manifests: new Map() };
  const registry = unlisted ? { ...whole, listRepository: async () => nothing } : whole;
  const traffic = countTraffic();
  const { context } = testContext();
  return {
    registry,
    calls,
    run: async (...entries) => {
      const project = { name: 'p', from: 'a.test', to: ['b.test', 'c.test'], entries };
      const loaded = await setup({ load: () => Promise.resolve(loadedTree([project])) }).run({}, context);
      return plan({ registry, source: sourceReader(registry, traffic.of), traffic, destination }).run(
        { loaded },
        context,
      );
    },
  };
}

const hold = ({ registry }: Bench, repository: string, label: string, ...tags: string[]): void => {
  const [host = '', path = ''] = repository.split('/');
  storeImage(registry.store(host), path, imageOf(label), tags);
};
const A = digestOfLabel('A');

describe('src/phases/plan.ts', () => {
  it('sends one request to each destination and none to the source when everything is there', async () => {
    const given = bench();
    for (const host of ['b.test', 'c.test']) hold(given, `${host}/app`, 'A', 'v1', 'v2');
    const { images, failures, present, repositories } = await given.run(['app', A, 'v1', 'v2']);
    expect({ images, failures, present, repositories }).toEqual({
      images: [],
      failures: [],
      present: 2,
      repositories: ['b.test/app', 'c.test/app'],
    });
    expect(given.calls).toEqual(['listRepository b.test/app', 'listRepository c.test/app']);
  });

  it('asks the source for a missing digest once for all mirrors', async () => {
    const given = bench();
    for (const host of ['b.test', 'c.test']) hold(given, `${host}/done`, 'A', 'v1');
    hold(given, 'a.test/app', 'A');
    const { images } = await given.run(['done', A, 'v1'], ['app', A, 'v1']);
    expect(images.map(({ targets }) => targets)).toEqual([
      ['b.test', 'c.test'].map((host) => ({ repository: `${host}/app`, action: 'copy', tags: ['v1'], isNew: true })),
    ]);
    expect(given.calls.filter((call) => call.includes('a.test'))).toEqual([`readManifest a.test/app ${A}`]);
  });

  it('asks for tags and digests by HEAD where listings have names only, each once', async () => {
    const given = bench('tags');
    hold(given, 'a.test/app', 'A');
    hold(given, 'b.test/app', 'A', 'v1', 'unmanaged');
    const { images } = await given.run(['app', A, 'v1', 'v2']);
    expect(images[0]?.targets.map(({ repository, action, tags }) => [repository, action, tags])).toEqual([
      ['b.test/app', 'tag', ['v2']],
      ['c.test/app', 'copy', ['v1', 'v2']],
    ]);
    expect(given.calls.filter((call) => call.includes('b.test'))).toEqual([
      'listRepository b.test/app',
      'resolveManifest b.test/app v1',
    ]);
    expect(given.calls.filter((call) => call.includes('c.test'))).toEqual([
      'listRepository c.test/app',
      `resolveManifest c.test/app ${A}`,
    ]);
  });

  it('reads an index and its platforms once each for all mirrors, and nothing of what only lacks tags', async () => {
    const given = bench();
    const index = buildMultiPlatform({ seed: 40 }, ['linux/amd64', 'linux/arm64']);
    storeImage(given.registry.store('a.test'), 'app', index);
    hold(given, 'a.test/tool', 'A');
    for (const host of ['b.test', 'c.test']) hold(given, `${host}/tool`, 'A', 'v1');
    const all = [index, ...index.children].map(({ manifest }) => manifest.descriptor.digest);
    const { images, failures } = await given.run(['app', all[0] ?? '', 'v1', 'v2'], ['tool', A, 'v2']);
    expect([images.length, failures]).toEqual([2, []]);
    expect(given.calls.filter((call) => call.includes('a.test')).toSorted()).toEqual(
      [...all.map((digest) => `readManifest a.test/app ${digest}`), `readManifest a.test/tool ${A}`].toSorted(),
    );
  });

  it('fails images that cannot be copied unchanged, with the reason, and promotes the others', async () => {
    const given = bench();
    const index = buildIndex([buildImage({ seed: 41 })]);
    const { descriptor } = index.manifest;
    storeImage(given.registry.store('a.test'), 'app', index);
    given.registry.store('a.test').remove('app', 'manifest', index.children[0]?.manifest.descriptor.digest ?? '');
    hold(given, 'a.test/app', 'A');
    const { images, failures } = await given.run(['app', descriptor.digest, 'v1'], ['app', A, 'v2']);
    expect(images.map(({ wanted }) => wanted.digest)).toEqual([A]);
    expect(failures).toMatchObject([
      { code: 'NOT_FOUND', phase: 'plan', refs: ['b.test/app:v1', 'c.test/app:v1'], digest: descriptor.digest },
    ]);
  });

  describe.each(['digests', 'tags'] as const)('when a list of %s does not show what is there', (listing) => {
    it('finds moved tags and complete mirrors if it asks for all', async () => {
      const given = bench(listing, { unlisted: true, destination: 'compared' });
      hold(given, 'a.test/app', 'A');
      hold(given, 'b.test/app', 'B', 'v1');
      hold(given, 'c.test/app', 'A', 'v1', 'v2');
      const { images, failures, present } = await given.run(['app', A, 'v1', 'v2']);
      expect(images.map(({ targets }) => targets)).toMatchObject([[{ repository: 'b.test/app', tags: ['v2'] }]]);
      expect(failures).toMatchObject([{ code: 'TAG_MOVE', refs: ['b.test/app:v1'] }]);
      expect(failures[0]?.message).toContain(digestOfLabel('B'));
      expect(present).toBe(1);
    });

    it('does not report an image as LOST that every mirror has', async () => {
      const given = bench(listing, { unlisted: true });
      for (const host of ['b.test', 'c.test']) hold(given, `${host}/app`, 'A', 'v1');
      expect(await given.run(['app', A, 'v1'])).toMatchObject({ images: [], failures: [], present: 2 });
    });

    it('requests no tags of due images, which the writer checks', async () => {
      const given = bench(listing, { unlisted: true });
      hold(given, 'a.test/app', 'A');
      expect((await given.run(['app', A, 'v1'])).images).toHaveLength(1);
      expect(given.calls.filter((call) => call.endsWith(' v1'))).toEqual([]);
    });
  });

  it('requests a tag that a list shows at another digest', async () => {
    const given = bench();
    hold(given, 'a.test/app', 'A');
    hold(given, 'b.test/app', 'B', 'v1');
    hold(given, 'c.test/app', 'A', 'v1');
    expect((await given.run(['app', A, 'v1'])).failures).toMatchObject([{ code: 'TAG_MOVE' }]);
    expect(given.calls.filter((call) => call.startsWith('resolve'))).toEqual(['resolveManifest b.test/app v1']);
  });

  it('plans the other entries when one is wrong', async () => {
    const given = bench();
    const { failures } = await given.run(['app', 'sha256:short', 'v1'], ['app', A, 'v2']);
    expect(failures.map(({ code }) => code)).toEqual(['LOST']);
  });
});
