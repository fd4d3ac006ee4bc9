import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tree, TreeProject } from './tree.ts';

/** Writes the tree as `manifests/` and `images/` into a folder, for registries on these hosts. */
export async function writeTree(
  tree: Tree,
  folder: string,
  staging: string,
  mirrors: readonly string[],
): Promise<void> {
  for (const project of tree.projects) {
    const manifests = join(folder, 'manifests', project.name);
    const images = join(folder, 'images', project.name);
    await mkdir(manifests, { recursive: true });
    await mkdir(images, { recursive: true });
    await writeFile(join(manifests, 'promoter-manifest.yaml'), manifestYaml(project, staging, mirrors));
    await writeFile(join(images, 'images.yaml'), imagesYaml(project));
  }
}

function manifestYaml({ source, destination }: TreeProject, staging: string, mirrors: readonly string[]): string {
  const destinations = mirrors.map((mirror) => `- name: ${mirror}/${destination}\n`);
  return `registries:\n- name: ${staging}/${source}\n  src: true\n${destinations.join('')}`;
}

function imagesYaml({ images }: TreeProject): string {
  return images
    .map(({ name, versions }) => {
      const entries = versions.map(
        ({ digest, tags }) => `    "${digest}": [${tags.map((tag) => `"${tag}"`).join(', ')}]\n`,
      );
      return `- name: ${name}\n  dmap:\n${entries.join('')}`;
    })
    .join('');
}
