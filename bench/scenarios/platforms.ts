import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadSpec } from '../../test/support/registry/content.ts';
import { buildMultiPlatform, type ImageSpec } from '../../test/support/registry/images.ts';
import { startRegistryProcess } from '../../test/support/registry/process.ts';
import { measure, type Cli } from '../measure.ts';
import { outcomeOf, type Outcome, type Scenario } from '../scenario.ts';
import { writeTree } from '../tree-files.ts';
import type { Tree, TreeImage } from '../tree.ts';
import { LATENCY_MS, sum } from './tree.ts';

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/ppc64le', 'linux/s390x', 'windows/amd64'];

/** As many projects as images in each, and as versions of each. */
const SIDE = 10;
const MIRRORS = 3;

/** Layers are as small as in the other trees. Every image has its own. */
const LAYER_BYTES = 64;

/** Promotes 1,000 images of 5 platforms, none of which is on a mirror. */
export const platforms: Scenario = { run: promoteAll };

async function promoteAll(cli: Cli): Promise<Outcome> {
  const { tree, images } = generate();
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  const options = { google: true, latencyMs: LATENCY_MS };
  await using registries = await startRegistryProcess({
    registries: [{ options, load: { images } }, ...Array.from({ length: MIRRORS }, () => ({ options }))],
  });
  try {
    const [staging = '', ...mirrors] = registries.hosts;
    await writeTree(tree, folder, staging, mirrors);
    const args = ['cip', '--thin-manifest-dir', folder, '--confirm', '--sign=false'];
    const measured = await measure({ program: cli.program, args, env: { ...cli.env, HOME: folder } });
    const unexpected = await registries.unexpected();
    return outcomeOf({ ...measured, requests: sum(await registries.counts()).requests, unexpected });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function generate(): { readonly tree: Tree; readonly images: NonNullable<LoadSpec['images']> } {
  const numbers = Array.from({ length: SIDE }, (_, index) => index);
  const stored: NonNullable<LoadSpec['images']>[number][] = [];
  const image = (project: number, name: number): TreeImage => ({
    name: `image-${name}`,
    versions: numbers.map((version) => {
      const index = (project * SIDE + name) * SIDE + version;
      // Each platform takes the seed after the one before it.
      const spec: ImageSpec = { seed: 1 + index * PLATFORMS.length, layers: [LAYER_BYTES] };
      const tags = [`v1.${version}.0`];
      stored.push({ repository: `staging/project-${project}/image-${name}`, image: spec, tags, platforms: PLATFORMS });
      return { digest: buildMultiPlatform(spec, PLATFORMS).manifest.descriptor.digest, tags };
    }),
  });
  const projects = numbers.map((project) => ({
    name: `project-${project}`,
    source: `staging/project-${project}`,
    destination: `prod/project-${project}`,
    images: numbers.map((name) => image(project, name)),
  }));
  const size = { projects: SIDE, images: SIDE, versions: SIDE, mirrors: MIRRORS, pending: SIDE ** 3 };
  return { tree: { size, projects }, images: stored };
}
