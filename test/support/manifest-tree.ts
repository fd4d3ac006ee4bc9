import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const DIGEST = `sha256:${'a'.repeat(64)}`;

/** A manifest with one source and one destination. */
export const MANIFEST = 'registries:\n- {name: gcr.io/a, src: true}\n- {name: gcr.io/b}\n';

/** A list with one image. */
export const IMAGES = `- name: foo\n  dmap:\n    "${DIGEST}": [v1]\n`;

/** The two files of a project of a tree. */
export const project = (tree: string, name: string): Readonly<Record<string, string>> => ({
  [path.join(tree, 'manifests', name, 'promoter-manifest.yaml')]: MANIFEST,
  [path.join(tree, 'images', name, 'images.yaml')]: IMAGES,
});

/** Writes files below a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
}
