import type { Failure } from '../../../src/errors.ts';
import { storeImage } from '../registry/images.ts';
import { digestOfLabel, imageOf, labelOf } from './plan-cases.ts';
import type { ProjectSpec } from './tree.ts';
import type { World } from './worlds.ts';

/** Staging and two mirrors of a world, spoken of by short names: images by label, repositories without host. */
export type Stage = {
  readonly world: World;
  readonly staging: string;
  readonly mirrors: readonly [string, string];
  /** Puts images into a repository: `hold(host, 'prod/app', { A: ['v1'] })`. */
  hold(host: string, path: string, content: Readonly<Record<string, readonly string[]>>): void;
  /** What a repository holds: its tags with their labels, and the labels of digests without a tag. */
  holds(host: string, path: string): Readonly<Record<string, string>>;
  /** A project from `staging` on the first host to `prod` on both mirrors. */
  project(given: Partial<ProjectSpec> & Pick<ProjectSpec, 'entries'>): ProjectSpec;
};

/** An entry of a project by label instead of digest. */
export function entry(name: string, label: string, ...tags: string[]): ProjectSpec['entries'][number] {
  return [name, digestOfLabel(label), ...tags];
}

/** Sets the stage in a world of three hosts. */
export function stageIn(world: World): Stage {
  const [staging = '', east = '', west = ''] = world.hosts;
  return {
    world,
    staging,
    mirrors: [east, west],
    hold: (host, path, content) => {
      for (const [label, tags] of Object.entries(content)) storeImage(world.store(host), path, imageOf(label), tags);
    },
    holds: (host, path) => {
      const { tags = {}, manifests = {} } = world.snapshot(host)[path] ?? {};
      const tagged = Object.entries(tags).map(([tag, digest]) => [tag, labelOf(digest)] as const);
      const loose = Object.keys(manifests).filter((digest) => !Object.values(tags).includes(digest));
      return Object.fromEntries([...tagged, ...loose.map((digest) => [labelOf(digest), 'tagless'] as const)]);
    },
    project: (given) => ({
      name: 'app',
      from: `${staging}/staging`,
      to: [`${east}/prod`, `${west}/prod`],
      ...given,
    }),
  };
}

/** A failure as a test names it: its code, where it stands, and its references without their host. */
export function brief({ code, at, refs = [] }: Failure): string {
  const place = at === undefined ? '' : ` ${at.file}:${at.line}`;
  const local = refs.map((ref) => ref.slice(ref.indexOf('/') + 1).replace(/sha256:.*/, labelOf));
  return `${code}${place} ${local.toSorted().join(' ')}`;
}
