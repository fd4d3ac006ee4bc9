import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { projectsOf } from '../../test/support/promotion/plan-cases.ts';
import { randomPlans } from '../../test/support/promotion/random-plans.ts';
import { loadedTree, type ProjectSpec } from '../../test/support/promotion/tree.ts';
import type { ImageEntry } from '../manifest/manifest.ts';
import { loadShare, withShare, type SharedManifests } from './load-share.ts';

/** Loads one shard, and returns it with the digest of the tree. */
async function share(
  projects: readonly ProjectSpec[],
  index: number,
  of: number,
): Promise<{ readonly loaded: SharedManifests; readonly tree: string }> {
  let tree = '';
  const loaded = await loadShare(
    async (parse) => loadedTree(projects, parse),
    { shard: { index, of } },
    (digest) => (tree = digest),
  );
  return { loaded, tree };
}

describe('src/sharding/load-share.ts', () => {
  it('returns every entry with its positions in exactly one shard, and every name in all', async () => {
    const property = fc.asyncProperty(randomPlans, fc.integer({ min: 1, max: 4 }), async (plan, of) => {
      const projects = projectsOf(plan, () => 'host.test');
      const whole = loadedTree(projects);
      const shards = await Promise.all(Array.from({ length: of }, async (_, index) => share(projects, index, of)));
      const images = (number: number): readonly ImageEntry[] => whole.projects[number]?.images ?? [];
      for (const number of whole.projects.keys())
        for (const [place, image] of images(number).entries()) {
          const parts = shards.map(({ loaded }) => loaded.projects[number]?.images[place]);
          expect(parts.map((part) => part?.name)).toEqual(shards.map(() => image.name));
          expect(parts.filter((part) => (part?.digests.length ?? 0) > 0)).toEqual([image]);
        }
      expect(new Set(shards.map(({ tree }) => tree)).size).toBe(1);
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it('divides a tree that is kept whole alike', async () => {
    const [plan] = fc.sample(randomPlans, { numRuns: 1, seed: 3 });
    if (plan === undefined) throw new Error('there is a plan');
    const projects = projectsOf(plan, () => 'host.test');
    for (let index = 0; index < 3; index += 1) {
      const { loaded, tree } = await share(projects, index, 3);
      let kept = '';
      const whole = withShare(loadedTree(projects), { shard: { index, of: 3 } }, (digest) => (kept = digest));
      expect(kept).toBe(tree);
      for (const { source } of loaded.share?.tree ?? [])
        expect(whole.share?.isMine(source)).toBe(loaded.share?.isMine(source));
    }
  });

  it('returns another digest for a tree with another tag', async () => {
    const project = (tag: string): ProjectSpec => ({
      name: 'app',
      from: 'a.test/staging',
      to: ['b.test/prod'],
      entries: [['app', `sha256:${'a'.repeat(64)}`, tag]],
    });
    const digests = await Promise.all(['v1', 'v2'].map(async (tag) => (await share([project(tag)], 0, 1)).tree));
    expect(new Set(digests).size).toBe(2);
  });

  it('finds the source of destinations of all shards, nested ones included', async () => {
    const entry = (name: string): ProjectSpec['entries'][number] => [name, `sha256:${'a'.repeat(64)}`, 'v1'];
    const projects: readonly ProjectSpec[] = [
      { name: 'one', from: 'a.test/one', to: ['b.test/prod', 'c.test'], entries: [entry('app'), entry('team/tool')] },
      { name: 'two', from: 'a.test/two', to: ['b.test/prod/team'], entries: [entry('lib')] },
    ];
    const { sourceOf } = (await share(projects, 0, 2)).loaded.share ?? {};
    expect(
      ['b.test/prod/app', 'c.test/team/tool', 'b.test/prod/team/tool', 'b.test/prod/team/lib', 'c.test/lib'].map(
        (repository) => sourceOf?.(repository),
      ),
    ).toEqual(['a.test/one/app', 'a.test/one/team/tool', 'a.test/one/team/tool', 'a.test/two/lib', undefined]);
  });
});
