import { normalize } from 'node:path';
import { asPromotionError } from '../errors.ts';
import type { FileSource } from './file-source.ts';

/** The file that makes a folder under `manifests/` a project, and the one that belongs to it under `images/`. */
export const MANIFEST_NAME = 'promoter-manifest.yaml';
export const IMAGES_NAME = 'images.yaml';

/** The policy file of a tree, beside `images/` and `manifests/`. */
export const POLICY_NAME = 'promoter-policy.yaml';

/** Returns the path of the policy of the tree that contains this manifest. */
export function policyFileFor(manifest: string): string {
  return normalize(`${manifest}/../../../${POLICY_NAME}`);
}

/** A project found in a tree; paths are relative to the root of the FileSource. */
export type FoundProject = {
  readonly name: string;
  readonly manifest: string;
  readonly images: string;
  /** Path of the policy of its tree, whether or not it exists. */
  readonly policy: string;
};

/** A file or folder in the wrong place. */
export type Misplaced = { readonly path: string; readonly message: string; readonly hint: string };

export type Found = {
  readonly projects: readonly FoundProject[];
  readonly problems: readonly Misplaced[];
  /** Unused files beside the right ones. */
  readonly warnings: readonly Misplaced[];
  /** The folders of the trees. */
  readonly trees: readonly string[];
};

const NAMES: readonly string[] = [MANIFEST_NAME, IMAGES_NAME, POLICY_NAME];

/** Returns a file name with the other YAML extension, which is never read. */
export function misnamed(name: string): string {
  return name.replace(/\.yaml$/, '.yml');
}

/** Folders without manifests of this repository, which may contain millions of files. */
const SKIPPED = new Set(['.git', 'node_modules']);

/** Finds the projects of all trees at and below a folder. Links on the way to a tree are not followed. */
export async function findTrees(files: FileSource, folder = ''): Promise<Found> {
  const projects: FoundProject[] = [];
  const problems: Misplaced[] = [];
  const warnings: Misplaced[] = [];
  const trees: string[] = [];
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const at = next;
    const entries = (await attempt(problems, at, () => files.list(at))) ?? [];
    const folders = entries.filter((entry) => entry.kind === 'folder').map((entry) => entry.name);
    const tree =
      folders.includes('images') && folders.includes('manifests') ? await findProjects(files, at) : undefined;
    const isTree =
      tree !== undefined &&
      (tree.projects.length > 0 || tree.problems.some((problem) => rightName(problem.path) === MANIFEST_NAME));
    if (isTree) {
      trees.push(at);
      append(projects, tree.projects);
      append(problems, tree.problems);
      append(warnings, tree.warnings);
    } else if (entries.some(({ name }) => name === POLICY_NAME)) {
      problems.push({ path: join(at, POLICY_NAME), ...policyHint('the folder that holds "images" and "manifests"') });
    }
    const below = entries.filter(
      ({ name, kind, isLink }) =>
        kind === 'folder' && !isLink && !SKIPPED.has(name) && !(isTree && (name === 'images' || name === 'manifests')),
    );
    append(pending, below.map((entry) => join(at, entry.name)).toReversed());
  }
  return { projects, problems, warnings, trees };
}

/** Finds the projects of one tree, and manifests in places that are not read. */
export async function findProjects(files: FileSource, tree = ''): Promise<Found> {
  const problems: Misplaced[] = [];
  const places = [
    ...(await namedFiles(files, join(tree, 'manifests'), problems)),
    ...(await namedFiles(files, join(tree, 'images'), problems)),
  ];
  const projects: FoundProject[] = [];
  for (const place of places) {
    const name = parentName(place);
    const project = {
      name,
      manifest: join(tree, `manifests/${name}/${MANIFEST_NAME}`),
      images: join(tree, `images/${name}/${IMAGES_NAME}`),
      policy: join(tree, POLICY_NAME),
    };
    if (place === project.manifest) projects.push(project);
  }
  const known = new Set(projects.flatMap((project) => [project.manifest, project.images]));
  const all = new Set(places);
  const others = places.filter((place) => !known.has(place));
  const isBeside = (place: string): boolean => isMisnamed(place) && all.has(place.replace(/yml$/, 'yaml'));
  // the images of a misnamed manifest are in the right place
  const isAlone = (place: string): boolean =>
    isMisnamed(place) || !all.has(join(tree, `manifests/${parentName(place)}/${misnamed(MANIFEST_NAME)}`));
  const wrong = others.filter((place) => !isBeside(place) && isAlone(place));
  const manifestsOf = manifestFinder(places);
  append(
    problems,
    wrong.map((place) => misplaced(place, tree, manifestsOf)),
  );
  return { projects, problems, warnings: others.filter(isBeside).map(unreadBeside), trees: [tree] };
}

/** Returns the warning for a misnamed file beside one that is read. */
export function unreadBeside(path: string): Misplaced {
  return { path, message: `nothing reads this file: ${rightName(path)} beside it is read`, hint: 'remove it' };
}

function isMisnamed(path: string): boolean {
  return path.endsWith('.yml');
}

/** Returns the right name of a file. */
function rightName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.yml$/, '.yaml');
}

/** Returns a function that finds the manifests of projects with a name, at any path. */
function manifestFinder(places: readonly string[]): (project: string) => readonly string[] {
  const byName = Map.groupBy(
    places.filter((place) => place.endsWith(`/${MANIFEST_NAME}`)),
    parentName,
  );
  return (project) => byName.get(project) ?? [];
}

function misplaced(place: string, tree: string, manifestsOf: (project: string) => readonly string[]): Misplaced {
  if (isMisnamed(place))
    return { path: place, message: 'nothing reads a file of this name', hint: `name it ${rightName(place)}` };
  if (place.endsWith(`/${POLICY_NAME}`)) return { path: place, ...policyHint(join(tree, POLICY_NAME)) };
  const isManifest = place.endsWith(`/${MANIFEST_NAME}`);
  const parent = place.slice(0, place.lastIndexOf('/'));
  const isTop = parent === join(tree, 'manifests') || parent === join(tree, 'images');
  const project = isTop ? '<project>' : parentName(place);
  const manifest = join(tree, `manifests/${project}/${MANIFEST_NAME}`);
  const images = join(tree, `images/${project}/${IMAGES_NAME}`);
  const right = isManifest ? manifest : images;
  if (place !== right) return { path: place, message: 'nothing reads this file here', hint: `move it to ${right}` };
  const elsewhere = manifestsOf(project).find((other) => other !== manifest);
  return {
    path: place,
    message: 'these images belong to no manifest',
    hint: elsewhere === undefined ? `add ${manifest}` : `move ${elsewhere} to ${manifest}`,
  };
}

function policyHint(right: string): Pick<Misplaced, 'message' | 'hint'> {
  return { message: 'nothing reads this policy here', hint: `move it to ${right}` };
}

/**
 * Returns all files below a folder that are named like a manifest, images or policy file. Follows only links at its
 * first level, one level deep, so that there are no cycles.
 */
async function namedFiles(files: FileSource, top: string, problems: Misplaced[]): Promise<string[]> {
  const found: string[] = [];
  const pending = [{ folder: top, isLink: false }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { folder, isLink: isLinked } = next;
    const below: typeof pending = [];
    for (const { name, kind, isLink } of (await attempt(problems, folder, () => files.list(folder))) ?? []) {
      const path = join(folder, name);
      if (NAMES.includes(rightName(name))) found.push(path);
      else if (kind === 'folder' && !isLinked && (!isLink || folder === top)) below.push({ folder: path, isLink });
      else if (kind === 'outside' && folder === top)
        problems.push({ path, message: 'this link leaves the tree', hint: 'put the folder itself in its place' });
    }
    append(pending, below.toReversed());
  }
  return found;
}

async function attempt<T>(problems: Misplaced[], path: string, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    const { message, hint = '' } = asPromotionError(error);
    problems.push({ path, message, hint });
    return undefined;
  }
}

/** A folder may contain more entries than one call can have arguments. */
function append<T>(all: T[], more: readonly T[]): void {
  for (const one of more) all.push(one);
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** Returns the name of the folder that contains a file. */
function parentName(path: string): string {
  return path.split('/').at(-2) ?? '';
}
