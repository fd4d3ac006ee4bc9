import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadedManifests } from '../../../src/manifest/manifest.ts';
import type { ParseProject } from '../../../src/manifest/parse-once.ts';
import { parseThin, type ParsedProject } from '../../../src/manifest/parse.ts';

/** One project of a manifest tree: images go from one registry to others. */
export type ProjectSpec = {
  readonly name: string;
  readonly from: string;
  readonly to: readonly string[];
  /** Image name, digest, tags: entry `n` (from 0) has its digest on line 3n+3 of the images file. */
  readonly entries: readonly (readonly [name: string, digest: string, ...tags: string[]])[];
  /** What else its manifest has, for example a policy: YAML, as it is. */
  readonly manifest?: string;
};

/** A tree on the disk, gone when disposed of. */
export type WrittenTree = AsyncDisposable & { readonly path: string };

/** Loads projects from memory, with the positions that their files would have. */
export function loadedTree(projects: readonly ProjectSpec[], parse: ParseProject = parseThin): LoadedManifests {
  const parsed = projects.map((project) => parsedBy(parse, project));
  return {
    projects: parsed.flatMap(({ project }) => (project === undefined ? [] : [project])),
    problems: parsed.flatMap(({ problems }) => problems),
  };
}

/** Where a project's images are written, as positions name it. */
export function imagesFile(project: string): string {
  return `images/${project}/images.yaml`;
}

/** Writes a tree to a new folder. */
export async function writeTree(projects: readonly ProjectSpec[]): Promise<WrittenTree> {
  const path = await mkdtemp(join(tmpdir(), 'kpromo-tree-'));
  for (const project of projects) {
    for (const [file, text] of filesOf(project)) {
      await mkdir(join(path, file, '..'), { recursive: true });
      await writeFile(join(path, file), text);
    }
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function parsedBy(parse: ParseProject, project: ProjectSpec): ParsedProject {
  const [manifest, images] = filesOf(project).map(([file, text]) => ({ file, bytes: Buffer.from(text) }));
  if (manifest === undefined || images === undefined) throw new Error('a project has two files');
  return parse(project.name, manifest, images, undefined);
}

function filesOf({
  name,
  from,
  to,
  entries,
  manifest = '',
}: ProjectSpec): readonly (readonly [file: string, text: string])[] {
  const registries = [`- name: ${from}\n  src: true\n`, ...to.map((registry) => `- name: ${registry}\n`)];
  const images = entries.map(
    ([image, digest, ...tags]) => `- name: ${image}\n  dmap:\n    "${digest}": ${JSON.stringify(tags)}\n`,
  );
  return [
    [`manifests/${name}/promoter-manifest.yaml`, `registries:\n${registries.join('')}${manifest}`],
    [imagesFile(name), images.length === 0 ? '[]\n' : images.join('')],
  ];
}
