import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testContext } from '../test/support/promotion/context.ts';
import { loadedTree } from '../test/support/promotion/tree.ts';
import { loadState, type GoldenImage, type GoldenSnapshots } from '../test/support/snapshots.ts';
import { PromotionError } from './errors.ts';
import { MEDIA_TYPES } from './image/descriptor.ts';
import { digestOf, type Digest } from './image/digest.ts';
import { memoryRegistry, type MemoryCall, type MemoryRegistry } from '../test/support/memory-registry/memory.ts';
import { takeSnapshot, type SnapshotRequest } from './snapshot.ts';

type State = GoldenSnapshots['state'];

const PATHS = ['prod', 'prod/app', 'prod/app/deep', 'prod/b', 'prod/1', 'prod-eu/app', 'other'];
const TAGS = ['v1', 'v1.10', 'v1.9', 'latest', '010'];
const bytesOf = (seed: number): string => `{"schemaVersion":2,"config":{"seed":${seed}},"layers":[]}`;
const textOf = (children: readonly Digest[]): string =>
  JSON.stringify({ schemaVersion: 2, manifests: children.map((digest) => ({ digest, size: 1 })) });
const image = (manifest: string, mediaType: string, tags: readonly string[]): readonly [Digest, GoldenImage] => [
  digestOf(Buffer.from(manifest)),
  { mediaType, tags, manifest },
];

/** A repository: images, some of which its indexes name, and tags that each stand on one of them. */
const repositories = fc
  .record({
    seeds: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 6 }),
    indexes: fc.uniqueArray(fc.uniqueArray(fc.nat(9), { maxLength: 3 }), { maxLength: 2, selector: String }),
    tags: fc.array(fc.tuple(fc.nat(7), fc.constantFrom(...TAGS)), { maxLength: 4 }),
  })
  .map(({ seeds, indexes, tags }) => {
    const texts = [
      ...seeds.map((seed) => [bytesOf(seed), MEDIA_TYPES.ociManifest] as const),
      ...indexes.map((children, nth) => {
        const type = nth === 0 ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.dockerList;
        return [textOf(children.map((seed) => digestOf(Buffer.from(bytesOf(seed))))), type] as const;
      }),
    ];
    const owner = new Map(tags.map(([nth, tag]) => [tag, nth % texts.length]));
    const tagsOf = (nth: number): string[] => TAGS.filter((tag) => owner.get(tag) === nth);
    return Object.fromEntries(texts.map(([text, type], nth) => image(text, type, tagsOf(nth))));
  });

const states: fc.Arbitrary<State> = fc.dictionary(fc.constantFrom(...PATHS), repositories, { maxKeys: 5 });
const requests = fc.record({
  of: fc.constantFrom('a.test', 'a.test/prod', 'a.test/prod/app', 'a.test/none'),
  tag: fc.option(fc.constantFrom('v1', 'latest'), { nil: undefined }),
  minimal: fc.boolean(),
});

/** What upstream would tell of a registry whose listings tell all, line by line as in its CSV. */
function expected(
  state: State,
  { of, tag, minimal }: SnapshotRequest,
  keeps: (tags: readonly string[]) => boolean,
): string[] {
  const root = of.slice('a.test/'.length);
  const isBelow = (path: string): boolean => root === '' || path === root || path.startsWith(`${root}/`);
  const below = Object.entries(state).filter(([path]) => isBelow(path));
  const texts = below.flatMap(([, images]) => Object.values(images).map(({ manifest }) => manifest));
  const isChild = (digest: string): boolean => texts.some((text) => text.includes(`"digest":"${digest}"`));
  return below.flatMap(([path, images]) =>
    Object.entries(images)
      .filter(([digest, { tags }]) => keeps(tags) && !(minimal && tags.length === 0 && isChild(digest)))
      .filter(([, { tags }]) => tag === undefined || tags.includes(tag))
      .map(
        ([digest, { tags }]) =>
          `${root === '' ? path : path.slice(root.length + 1)}@${digest} ${tags.toSorted().join()}`,
      ),
  );
}

function registryOf(state: State, options: Parameters<typeof memoryRegistry>[0] = {}): MemoryRegistry {
  const registry = memoryRegistry(options);
  loadState(registry.store('a.test'), state);
  return registry;
}

async function linesOf(registry: MemoryRegistry, request: SnapshotRequest): Promise<string[]> {
  const { snapshot, failures } = await takeSnapshot(request, { registry }, testContext().context);
  expect(failures).toEqual([]);
  return snapshot.flatMap(({ name, digests }) => digests.map(({ digest, tags }) => `${name}@${digest} ${tags.join()}`));
}

const asked = ({ tag, ...request }: { of: string; tag: string | undefined; minimal: boolean }): SnapshotRequest => ({
  ...request,
  attached: false,
  ...(tag !== undefined && { tag }),
});

describe('src/snapshot', () => {
  it('returns all at and below a name, by tag, and without children', async () => {
    await fc.assert(
      fc.asyncProperty(states, requests, async (state, given) => {
        const lines = await linesOf(registryOf(state), asked(given));
        expect(lines.toSorted()).toEqual(expected(state, asked(given), () => true).toSorted());
      }),
    );
  });

  it('returns the same tagged images if listings have tags only', async () => {
    await fc.assert(
      fc.asyncProperty(states, requests, async (state, given) => {
        const lines = await linesOf(registryOf(state, { listing: () => 'tags' }), asked(given));
        expect(lines.toSorted()).toEqual(expected(state, asked(given), (tags) => tags.length > 0).toSorted());
      }),
    );
  });

  it('sends one request for each repository and folder of a registry with 46,000 digests', async () => {
    const calls = new Map<MemoryCall['operation'], number>();
    const registry = memoryRegistry({
      before: ({ operation }) => void calls.set(operation, (calls.get(operation) ?? 0) + 1),
    });
    const store = registry.store('a.test');
    for (let nth = 0; nth < 460; nth += 1) {
      const digests = Array.from({ length: 100 }, (_, index) => digestOf(Buffer.from(`${nth} ${index}`)));
      const stored = { mediaType: MEDIA_TYPES.ociManifest, size: 1, uploadedAt: 1 };
      store.load(`prod/folder-${nth % 10}/app-${nth}`, {
        manifests: new Map(digests.map((digest) => [digest, stored])),
        tags: new Map(digests.map((digest, index) => [`v${index}`, digest])),
        blobs: new Map(),
      });
    }
    expect(await linesOf(registry, { of: 'a.test/prod', minimal: true, attached: false })).toHaveLength(46_000);
    expect([...calls]).toEqual([['listRepository', 1 + 10 + 460]]);
  });

  it('returns the wanted images of manifests without a request', async () => {
    const [a, b] = ['a', 'b'].map((text) => digestOf(Buffer.from(text))) as [Digest, Digest];
    const tree = loadedTree([
      {
        name: 'p',
        from: 'a.test/s',
        to: ['b.test/prod'],
        entries: [
          ['app', a, 'v1'],
          ['app', b],
        ],
      },
    ]);
    const registry = memoryRegistry({
      before: () => {
        throw new Error('nobody is to be asked');
      },
    });
    const { snapshot } = await takeSnapshot(
      { of: 'b.test', minimal: false, attached: false },
      { registry, load: async () => tree },
      testContext().context,
    );
    const digests = [
      { digest: a, tags: ['v1'] },
      { digest: b, tags: [] },
    ].toSorted((x, y) => (x.digest < y.digest ? -1 : 1));
    expect(snapshot).toEqual([{ name: 'prod/app', digests }]);
  });

  it('omits wanted images that are children of indexes of the registry', async () => {
    const [child, { manifest }] = image(bytesOf(1), MEDIA_TYPES.ociManifest, []);
    const [index, stored] = image(textOf([child]), MEDIA_TYPES.ociIndex, ['v1']);
    const other = digestOf(Buffer.from('other'));
    const entries = [
      ['app', child],
      ['app', index, 'v1'],
      ['app', other],
    ] as const;
    const tree = loadedTree([{ name: 'p', from: 'b.test/s', to: ['a.test/prod'], entries }]);
    for (const listing of ['digests', 'tags'] as const) {
      const state = {
        'prod/app': { [child]: { mediaType: MEDIA_TYPES.ociManifest, tags: [], manifest }, [index]: stored },
      };
      const { snapshot } = await takeSnapshot(
        { of: 'a.test/prod', minimal: true, attached: false },
        { registry: registryOf(state, { listing: () => listing }), load: async () => tree },
        testContext().context,
      );
      const kept = snapshot.flatMap(({ digests }) => digests.map(({ digest }) => digest));
      expect(kept).toEqual([index, other].toSorted());
    }
  });

  it('fails with all repositories that cannot be read', async () => {
    const state = Object.fromEntries(PATHS.map((path) => [path, Object.fromEntries([image(path, 'any', ['v1'])])]));
    const registry = registryOf(state, {
      before: ({ repository }) => {
        if (/app|1$/.test(repository)) throw new PromotionError('DENIED', `no ${repository}`, { hint: 'ask' });
      },
    });
    const { context, log } = testContext();
    const { failures } = await takeSnapshot(
      { of: 'a.test/prod', minimal: true, attached: false },
      { registry },
      context,
    );
    expect(failures.flatMap(({ refs = [] }) => refs)).toEqual(['a.test/prod/app', 'a.test/prod/1']);
    expect(log.filter((line) => line.startsWith('error'))).toHaveLength(failures.length);
  });

  it('reads the repositories below a folder that is denied as a repository', async () => {
    const below = Object.fromEntries(
      ['prod/app', 'prod/b'].map((path) => [path, Object.fromEntries([image(path, 'any', ['v1'])])]),
    );
    const refusing = ({ operation, repository }: MemoryCall): void => {
      if (operation === 'listRepository' && repository === 'a.test/prod') throw new PromotionError('DENIED', 'no');
    };
    const options = { listing: () => 'tags' as const, before: refusing };
    expect(
      await linesOf(registryOf(below, options), { of: 'a.test/prod', minimal: false, attached: false }),
    ).toHaveLength(2);
    const registry = registryOf({ ...below, prod: Object.fromEntries([image('prod', 'any', ['v1'])]) }, options);
    const { failures } = await takeSnapshot(
      { of: 'a.test/prod', minimal: false, attached: false },
      { registry },
      testContext().context,
    );
    expect(failures.map(({ code, refs }) => [code, refs])).toEqual([['DENIED', ['a.test/prod']]]);
  });
});
