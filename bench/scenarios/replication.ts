import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEDIA_TYPES, type Descriptor } from '../../src/image/descriptor.ts';
import { isDigest } from '../../src/image/digest.ts';
import type { LoadSpec } from '../../test/support/registry/content.ts';
import { startRegistryProcess, type ProcessSpec } from '../../test/support/registry/process.ts';
import { measure, type Cli } from '../measure.ts';
import { outcomeOf, type Limits, type Scenario } from '../scenario.ts';
import { writeTree } from '../tree-files.ts';
import { countTree, generateTree, SIZES, type Tree, type TreeSize } from '../tree.ts';
import { LATENCY_MS, sum, type TreeResult } from './tree.ts';

/** Attachments of a tree's images that only the primary has: `missing` of them, each missing on every mirror. */
type ReplicationJob = { readonly size: TreeSize; readonly form: 'sig' | 'bundle'; readonly missing: number };

/** Something that is attached to a digest of the tree, on the primary only. */
type Attached = NonNullable<LoadSpec['images']>[number];

/** A signature's payload is about as long. */
const LAYER_BYTES = 256;

/** Measures the replication of `missing` attachments that the mirrors lack. */
export function replication(form: ReplicationJob['form'], missing: number, limits: Limits = {}): Scenario {
  const size = { ...SIZES.m, pending: 0 };
  return { limits, run: async (cli) => outcomeOf(await runReplication({ size, form, missing }, cli)) };
}

/**
 * Loads a tree into registries of another process, each repository with one signature that every mirror has and some
 * with one more that only the primary, the first of them, has; then measures `kpromo replicate` of the CLI.
 */
async function runReplication({ size, form, missing }: ReplicationJob, cli: Cli): Promise<TreeResult> {
  const tree = generateTree(size);
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  await using registries = await startRegistryProcess(registriesOf(tree, form, missing));
  try {
    const [staging = '', ...mirrors] = registries.hosts;
    await writeTree(tree, folder, staging, mirrors);
    const config = join(folder, 'registries.yaml');
    await writeFile(config, `version: 1\nprimary: "${mirrors[0]}"\n`);
    const args = ['replicate', '--thin-manifest-dir', folder, '--registry-config', config, '--confirm'];
    const measured = await measure({ program: cli.program, args, env: { ...cli.env, HOME: folder } });
    const traffic = sum(await registries.counts());
    return { ...measured, ...traffic, tree: countTree(tree), unexpected: await registries.unexpected() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function registriesOf(tree: Tree, form: ReplicationJob['form'], missing: number): ProcessSpec {
  const repositories = tree.projects.flatMap(({ destination, images }) =>
    images.map(({ name, versions }) => ({ name: `${destination}/${name}`, versions })),
  );
  const content = repositories.map(({ name, versions }) => ({
    name,
    manifests: [
      ...versions.map(({ digest, tags }) => ({ digest, tags })),
      { digest: digestOfText(`signature of ${name}`), tags: [signatureTag(versions[0]?.digest ?? '')] },
    ],
  }));
  const images = repositories
    .slice(0, missing)
    .map(({ name, versions }, index) => attachedTo(name, versions[1]?.digest ?? '', index, form));
  const options = { google: true, latencyMs: LATENCY_MS };
  const loads: readonly LoadSpec[] = [
    {},
    { content: [{ name: 'mirrors' }], images },
    ...Array.from({ length: tree.size.mirrors - 1 }, () => ({ content: [{ name: 'mirrors' }] })),
  ];
  return { contents: { mirrors: { repositories: content } }, registries: loads.map((load) => ({ options, load })) };
}

function attachedTo(repository: string, digest: string, index: number, form: ReplicationJob['form']): Attached {
  const image = { seed: 100_000 + index, layers: [LAYER_BYTES] };
  if (form === 'sig') return { repository, image, tags: [signatureTag(digest)] };
  if (!isDigest(digest)) throw new Error(`"${digest}" is no digest`);
  const subject: Descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest, size: 700 };
  return { repository, image: { ...image, artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json', subject } };
}

function signatureTag(digest: string): string {
  return `${digest.replace(':', '-')}.sig`;
}

function digestOfText(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
