import { join } from 'node:path';
import { homeWith } from '../home.ts';
import { storeImage } from '../registry/images.ts';
import type { TestRegistry } from '../registry/server.ts';
import { cip, type CipOptions, type CipRun } from './cip.ts';
import { digestOfLabel, imageOf } from './plan-cases.ts';
import { entry } from './stage.ts';
import { type ProjectSpec, writeTree } from './tree.ts';

/** What is promoted, and by which configuration. */
export type Configured = CipOptions & {
  /** The registries of the manifest, without `/staging` and `/prod`. */
  readonly from: string;
  readonly to: readonly string[];
  /** The entries of `registries`, as YAML; none is no configuration. */
  readonly registries?: readonly string[];
  /** What is promoted in place of the two images of `fillStaging`. */
  readonly entries?: ProjectSpec['entries'];
  /** Files beside the configuration. */
  readonly files?: Readonly<Record<string, string>>;
  /** More flags; a promotion unless they say something else. */
  readonly flags?: readonly string[];
};

const LABELS = ['A', 'B'];
const ENTRIES = LABELS.map((label) => entry('app', label, label.toLowerCase()));

/** Puts what `promoteConfigured` promotes into a registry. */
export function fillStaging({ store }: Pick<TestRegistry, 'store'>): void {
  for (const label of LABELS) storeImage(store, 'staging/app', imageOf(label));
}

/** Promotes two images with a registry configuration. */
export async function promoteConfigured(given: Configured): Promise<CipRun> {
  const {
    from,
    to,
    registries,
    entries = ENTRIES,
    files = {},
    flags = ['--confirm', '--sign=false'],
    ...options
  } = given;
  const config = `version: 1\nregistries:\n${(registries ?? []).map((one) => `- ${one}\n`).join('')}`;
  const folder = await homeWith({ ...files, 'registries.yaml': config });
  await using tree = await writeTree([
    {
      name: 'app',
      from: `${from}/staging`,
      to: to.map((host) => `${host}/prod`),
      entries,
    },
  ]);
  const configured = registries === undefined ? [] : ['--registry-config', join(folder, 'registries.yaml')];
  return await cip(['--manifests', tree.path, ...flags, ...configured], options);
}

/** What a mirror has after a promotion of everything. */
export const ALL_TAGS = Object.fromEntries(LABELS.map((label) => [label.toLowerCase(), digestOfLabel(label)]));

/** The tags that a mirror has. */
export function tagsOf(mirror: Pick<TestRegistry, 'snapshot'>): Readonly<Record<string, string>> | undefined {
  return mirror.snapshot()['prod/app']?.tags;
}
