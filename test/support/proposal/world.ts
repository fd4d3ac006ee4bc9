import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { kpromo, type CipOptions, type CipRun } from '../promotion/cip.ts';
import { digestOfLabel, imageOf } from '../promotion/plan-cases.ts';
import { writeTree, type ProjectSpec } from '../promotion/tree.ts';
import { storeImage } from '../registry/images.ts';
import type { RegistryOptions } from '../registry/options.ts';
import { startRegistry, type TestRegistry } from '../registry/server.ts';

/** How staging lists: digests with tags and children, or tags only. */
export const LISTINGS: readonly (readonly [name: string, options: RegistryOptions])[] = [
  ['lists with digests', { google: true }],
  ['lists of tags', {}],
];

/** A tree on the disk, staging, two mirrors, and `kpromo add` between them. */
export type ProposalWorld = {
  readonly staging: TestRegistry;
  readonly mirrors: readonly [TestRegistry, TestRegistry];
  /** The folder of the tree. */
  readonly path: string;
  /** Puts images into staging or a mirror, by label. */
  hold(registry: TestRegistry, path: string, content: Readonly<Record<string, readonly string[]>>): void;
  /** Runs `kpromo add` on the project `app`, or the one that the flags name. */
  add(flags: readonly string[], options?: CipOptions): Promise<CipRun>;
  /** The images file of a project, or its new text. */
  images(text?: string, project?: string): Promise<string>;
};

/** Opens a world that ends with the test; its project `app` has the image `web` with the digest A as v1. */
export async function proposalWorld(
  options: RegistryOptions = {},
  more: (hosts: Hosts) => readonly ProjectSpec[] = () => [],
): Promise<ProposalWorld> {
  const staging = await startRegistry(options);
  const [east, west] = [await startRegistry(), await startRegistry({ google: true })];
  const hosts = { from: `${staging.host}/staging`, to: [`${east.host}/prod`, `${west.host}/prod`] };
  const tree = await writeTree([
    { name: 'app', ...hosts, entries: [['web', digestOfLabel('A'), 'v1']] },
    ...more(hosts),
  ]);
  const hold: ProposalWorld['hold'] = ({ store }, path, content) => {
    for (const [label, tags] of Object.entries(content)) storeImage(store, path, imageOf(label), tags);
  };
  onTestFinished(async () => {
    await tree[Symbol.asyncDispose]();
    const registries = [staging, east, west];
    await Promise.all(registries.map((one) => one.close()));
    const unexpected = registries.flatMap((one) => one.unexpected);
    if (unexpected.length > 0) throw new Error(`requests that no registry knows: ${unexpected.join(', ')}`);
    const writes = registries.flatMap((one) =>
      one.counters.log.filter(({ method }) => method !== 'GET' && method !== 'HEAD'),
    );
    if (writes.length > 0) throw new Error('a registry was written');
  });
  return {
    staging,
    mirrors: [east, west],
    path: tree.path,
    hold,
    add: (flags, given) => {
      const isNamed = flags.some((flag) => /^--(?:project|staging-repo)/.test(flag));
      return kpromo(['add', '--manifests', tree.path, ...(isNamed ? [] : ['--project=app']), ...flags], given);
    },
    images: async (text, project = 'app') => {
      const file = join(tree.path, 'images', project, 'images.yaml');
      if (text !== undefined) await writeFile(file, text);
      return readFile(file, 'utf8');
    },
  };
}

export type Hosts = Pick<ProjectSpec, 'from' | 'to'>;
