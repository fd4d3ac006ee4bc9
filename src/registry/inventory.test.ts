import { describe, expect, it } from 'vitest';
import { buildImage, storeImage } from '../../test/support/registry/images.ts';
import type { Digest } from '../image/digest.ts';
import { readInventory, type Inventory, type InventoryQuery } from './inventory.ts';
import { memoryRegistry, type MemoryCall } from '../../test/support/memory-registry/memory.ts';

const REPOSITORY = 'prod.test/app';
const call = { signal: new AbortController().signal };
const [one, two, absent] = [1, 2, 3].map((seed) => buildImage({ seed }).manifest.descriptor.digest) as [
  Digest,
  Digest,
  Digest,
];

type Asked = { readonly inventory: Inventory; readonly references: string[] };

/** What is found of the question in a repository with v1 and latest on the first image, and an untagged second. */
async function ask(listing: 'digests' | 'tags', question: InventoryQuery, path = 'app'): Promise<Asked> {
  const references: string[] = [];
  const before = ({ operation, reference }: MemoryCall): void => {
    if (operation === 'resolveManifest') references.push(reference);
  };
  const registry = memoryRegistry({ listing: () => listing, before });
  storeImage(registry.store('prod.test'), 'app', buildImage({ seed: 1 }), ['v1', 'latest', 'unasked']);
  storeImage(registry.store('prod.test'), 'app', buildImage({ seed: 2 }));
  return { inventory: await readInventory(registry, `prod.test/${path}`, question, call), references };
}

describe.each(['digests', 'tags'] as const)('src/registry/inventory from a listing of %s', (listing) => {
  it('returns the existing and the missing digests', async () => {
    const { inventory } = await ask(listing, [
      { digest: one, tags: ['v1', 'latest'] },
      { digest: two, tags: ['v2'] },
      { digest: absent, tags: [] },
    ]);
    expect([one, two, absent].map((digest) => inventory.has(digest))).toEqual([true, true, false]);
    expect(['v1', 'latest', 'v2'].map((tag) => inventory.digestOf(tag))).toEqual([one, one, undefined]);
    expect(inventory.holdsManifests).toBe(true);
  });

  it('returns the digest of a tag that another digest wants', async () => {
    const { inventory } = await ask(listing, [{ digest: absent, tags: ['v1', 'v9'] }]);
    expect([inventory.has(absent), inventory.digestOf('v1'), inventory.digestOf('v9')]).toEqual([
      false,
      one,
      undefined,
    ]);
  });

  it('finds nothing in an unknown repository whose name is a prefix of another’s', async () => {
    const { inventory } = await ask(listing, [{ digest: one, tags: ['v1'] }], 'ap');
    expect([inventory.has(one), inventory.digestOf('v1'), inventory.holdsManifests]).toEqual([false, undefined, false]);
  });
});

describe('src/registry/inventory', () => {
  it('needs only the listing if it includes digests', async () => {
    const { references } = await ask('digests', [
      { digest: one, tags: ['v1'] },
      { digest: absent, tags: [] },
    ]);
    expect(references).toEqual([]);
  });

  it('looks up each listed tag once, and each digest without such a tag once', async () => {
    const { references } = await ask('tags', [
      { digest: one, tags: ['v1'] },
      { digest: one, tags: ['v1', 'latest'] },
      { digest: two, tags: ['v2'] },
      { digest: two, tags: [] },
      { digest: absent, tags: ['v3', 'v4'] },
    ]);
    expect(references.toSorted()).toEqual(['latest', 'v1', two, absent].toSorted());
  });

  it('looks up no digest that is not written because all its tags belong to others', async () => {
    const { references, inventory } = await ask('tags', [{ digest: two, tags: ['v1', 'latest'] }]);
    expect(references.toSorted()).toEqual(['latest', 'v1']);
    expect(inventory.digestOf('v1')).toBe(one);
  });

  it('throws a refusal instead of treating the repository as empty', async () => {
    const refusing = memoryRegistry({
      before: () => {
        throw new Error('401');
      },
    });
    await expect(readInventory(refusing, REPOSITORY, [{ digest: one, tags: [] }], call)).rejects.toThrow('401');
  });
});
