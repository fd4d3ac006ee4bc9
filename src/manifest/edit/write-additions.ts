import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PromotionError } from '../../errors.ts';
import { IMAGES_NAME, MANIFEST_NAME } from '../discover.ts';
import type { Project } from '../manifest.ts';
import { addImages, type Addition } from './add-images.ts';
import { checkNewProject, newImages, newManifest } from './new-project.ts';
import { openImagesFile, replaceFile } from './project-file.ts';

/** Images that go from one registry to another, and the project of the tree that gets them; a new one if undefined. */
export type ProjectAddition = {
  readonly project: Project | undefined;
  readonly source: string;
  readonly destination: string;
  readonly images: readonly Addition[];
};

/** An addition that was written, and the folder of its project. */
export type Written = ProjectAddition & { readonly name: string };

/** Writes additions: new projects as new folders, others into their images file. Replaces no file that it has not read. */
export async function writeAdditions(
  tree: string,
  projects: readonly Project[],
  additions: readonly ProjectAddition[],
): Promise<readonly Written[]> {
  const taken = new Set(projects.map(({ name }) => name));
  const written: Written[] = [];
  for (const addition of additions.filter(({ images }) => images.length > 0)) {
    const { project } = addition;
    const name = project?.name ?? freeName(addition, taken);
    taken.add(name);
    if (project === undefined) await writeNew(tree, name, addition);
    else await extend(project, addition);
    written.push({ ...addition, name });
  }
  return written;
}

async function extend(project: Project, { images }: ProjectAddition): Promise<void> {
  const { file, bytes, parse } = await openImagesFile(project);
  await replaceFile(file, bytes, addImages({ file, bytes, parse }, images));
}

async function writeNew(tree: string, name: string, { source, destination, images }: ProjectAddition): Promise<void> {
  const [list, manifest] = [newImages(images), newManifest(source, destination)];
  checkNewProject(name, manifest, list);
  const files = [
    [path.join(tree, 'images', name, IMAGES_NAME), list],
    [path.join(tree, 'manifests', name, MANIFEST_NAME), manifest],
  ] as const;
  const created: string[] = [];
  for (const [file, text] of files)
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text, { flag: 'wx' });
      created.push(file);
    } catch (cause) {
      // A list of images without its manifest would make the tree invalid for the next import.
      for (const one of created) await rm(one);
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PromotionError('MANIFEST_INVALID', `${file}: the file cannot be written: ${reason}`, {
        hint: 'check the folder of --output',
        cause,
      });
    }
}

/** Names the folder of a project after its source, and after its destination as well if the source has several. */
function freeName({ source, destination }: ProjectAddition, taken: ReadonlySet<string>): string {
  const plain = (name: string): string => name.replaceAll(/[/:]+/g, '-');
  const base = plain(source);
  if (!taken.has(base)) return base;
  const both = `${base}-to-${plain(destination)}`;
  for (let number = 2; ; number += 1) {
    const name = number === 2 ? both : `${both}-${number - 1}`;
    if (!taken.has(name)) return name;
  }
}
