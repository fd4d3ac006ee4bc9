import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { kpromo, type CipRun } from './promotion/cip.ts';
import { imageOf } from './promotion/plan-cases.ts';
import { storeImage } from './registry/images.ts';
import type { RegistryOptions } from './registry/options.ts';
import { startRegistry, type TestRegistry } from './registry/server.ts';

/** A source, a target, and `kpromo import` between them. */
export type ImportWorld = {
  readonly source: TestRegistry;
  readonly target: TestRegistry;
  /** The folder of the tree. */
  readonly tree: string;
  /** Puts images into a registry, by label. */
  hold(registry: TestRegistry, path: string, content: Readonly<Record<string, readonly string[]>>): void;
  /** Imports a configuration; `SOURCE` and `TARGET` in it are the addresses. */
  load(
    tool: 'regsync' | 'skopeo',
    text: string,
    flags?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<CipRun>;
  /** The images file of a project. */
  images(project: string): Promise<string>;
};

/** Opens a world that ends with the test. No registry may be written. */
export async function importWorld(options: RegistryOptions = {}): Promise<ImportWorld> {
  const [source, target] = [await startRegistry(options), await startRegistry(options)];
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-import-'));
  const tree = join(folder, 'tree');
  onTestFinished(async () => {
    await rm(folder, { recursive: true });
    await Promise.all([source.close(), target.close()]);
    const writes = [source, target].flatMap(({ counters }) =>
      counters.log.filter(({ method }) => method !== 'GET' && method !== 'HEAD'),
    );
    if (writes.length > 0) throw new Error('a registry was written');
  });
  return {
    source,
    target,
    tree,
    hold: ({ store }, path, content) => {
      for (const [label, tags] of Object.entries(content)) storeImage(store, path, imageOf(label), tags);
    },
    load: async (tool, text, flags = [], env = {}) => {
      const file = join(folder, 'sync.yml');
      await writeFile(file, text.replaceAll('SOURCE', source.host).replaceAll('TARGET', target.host));
      const run = await kpromo(['import', tool, file, '--output', tree, ...flags], { env });
      const plain = (words: string): string =>
        words.replaceAll(`${folder}/`, '').replaceAll(source.host, 'SOURCE').replaceAll(target.host, 'TARGET');
      return { ...run, stdout: plain(run.stdout), stderr: plain(run.stderr) };
    },
    images: (project) => readFile(join(tree, 'images', project, 'images.yaml'), 'utf8'),
  };
}
