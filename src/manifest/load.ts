import path from 'node:path';
import { stat } from 'node:fs/promises';
import { asPromotionError, PromotionError } from '../errors.ts';
import { withoutEndSlashes } from '../image/end-slashes.ts';
import {
  findProjects,
  findTrees,
  IMAGES_NAME,
  MANIFEST_NAME,
  misnamed,
  unreadBeside,
  type Found,
  type FoundProject,
  type Misplaced,
} from './discover.ts';
import { diskFiles, readNamedFile, type FileSource } from './file-source.ts';
import type { LoadedManifests, Problem, Warning } from './manifest.ts';
import { newNotes, toldNotes } from './reading.ts';
import type { ParseProject } from './parse-once.ts';
import { completePolicies, type InTree } from './policies/project-policies.ts';
import { parseTreePolicy, type TreePolicy } from './policies/tree-policy.ts';
import { allowedRegistries, parsePlain, parseThin, type AllowedRegistries, type ParsedProject } from './parse.ts';

/** Exactly one of the first three is set; paths as the user typed them. */
export type LoadRequest = {
  /** A plain manifest, a tree, or a folder that contains trees. */
  readonly manifests?: string | undefined;
  /** A file with registries and images. */
  readonly manifest?: string | undefined;
  /** A folder with `manifests/` and `images/`. */
  readonly thinManifestDir?: string | undefined;
  /** True if `manifests` may contain several trees. */
  readonly allTrees?: boolean;
  /** Patterns of the registries that manifests may name. Default: all. */
  readonly allowRegistries?: readonly string[];
};

/**
 * Loads manifests from the disk. A problem removes no more than its own project or entry. Throws only USAGE, for a
 * contradictory request.
 */
export async function loadManifests(request: LoadRequest, parse: ParseProject = parseThin): Promise<LoadedManifests> {
  const loaded = toldOnly(await loadNamed(request, parse));
  if (loaded.projects.some(({ images }) => images.length > 0)) return loaded;
  const location = path.normalize(onlyOne(request).location);
  const tree = treeAround(location);
  const isList = path.basename(location) === IMAGES_NAME;
  if (tree === undefined || (!isList && loaded.problems.length > 0)) return loaded;
  const problem = invalid(location, `this is one file of the tree ${tree}`, `name the tree: --manifests ${tree}`);
  return { ...loaded, problems: [problem], warnings: [] };
}

/** Limits the problems of a whole tree to the number for one file. */
function toldOnly({ problems, warnings = [], ...loaded }: LoadedManifests): LoadedManifests {
  const notes = newNotes();
  for (const problem of problems) notes.problems.push(problem);
  for (const warning of warnings) notes.warnings.push(warning);
  return { ...loaded, ...toldNotes(notes) };
}

async function loadNamed(request: LoadRequest, parse: ParseProject): Promise<LoadedManifests> {
  const allowed = allowedRegistries(request.allowRegistries);
  const { kind, location } = onlyOne(request);
  if (location === '') throw new PromotionError('USAGE', `--${kind} is empty`, { hint: 'name a file or folder' });
  const isFolder = (await stat(location).catch(() => undefined))?.isDirectory();
  if (isFolder === undefined) return notFound(location, 'there is no such file or folder', 'check the path');
  if (!isFolder && kind !== 'thin-manifest-dir') return loadPlain(location, () => readNamedFile(location), allowed);
  if (!isFolder || kind === 'manifest')
    return notFound(
      location,
      `this is a ${isFolder ? 'folder, not a file' : 'file, not a folder'}`,
      `--${kind} takes a ${isFolder ? 'file; use --manifests' : 'folder; use --manifest'}`,
    );
  const find = kind === 'manifests' ? findTrees : findProjects;
  return loadFolder(location, { find, allTrees: request.allTrees === true }, { allowed, parse });
}

/** The permitted registries, and the parser of projects. */
type ProjectReading = { readonly allowed: AllowedRegistries; readonly parse: ParseProject };

/** Loads the projects found in a file source; `display` converts its paths to displayed names. */
export async function loadFound(
  files: FileSource,
  found: Found,
  display: (path: string) => string,
  reading: ProjectReading,
): Promise<LoadedManifests> {
  const misplaced = found.problems.map(({ path: place, message, hint }) => invalid(display(place), message, hint));
  const unused = found.warnings.map((one) => unusedFile(one, display));
  const trees = new Map<string, TreePolicy | undefined>();
  const all: InTree[] = [];
  for (const project of found.projects) {
    if (!trees.has(project.policy))
      trees.set(project.policy, await loadTreePolicy(files, project.policy, display, unused));
    const tree = trees.get(project.policy);
    all.push({ parsed: await loadProject(files, project, display, reading), ...(tree && { tree }) });
  }
  const loaded = completePolicies(all);
  return {
    ...loaded,
    problems: [...misplaced, ...loaded.problems],
    warnings: [...unused, ...(loaded.warnings ?? [])],
    trees: [...trees].map(([place, tree]) => ({ file: display(place), ...(tree && { policy: tree.defaults ?? {} }) })),
  };
}

async function loadTreePolicy(
  files: FileSource,
  place: string,
  display: (path: string) => string,
  unused: Warning[],
): Promise<TreePolicy | undefined> {
  const file = display(place);
  const other = misnamed(place);
  try {
    const bytes = await files.read(place);
    const isMisnamed = (await files.read(other)) !== undefined;
    if (bytes !== undefined && isMisnamed) unused.push(unusedFile(unreadBeside(other), display));
    if (bytes !== undefined) return parseTreePolicy({ file, bytes });
    const wrong = isMisnamed
      ? invalid(display(other), 'nothing reads a policy of this name', `name it ${path.basename(file)}`)
      : (await isListed(files, place))
        ? invalid(file, 'this link points to nothing', 'put the file itself in its place')
        : undefined;
    return wrong && { file, projects: [], problems: [wrong] };
  } catch (error) {
    return { file, projects: [], problems: [unreadable(file, error)] };
  }
}

/** Returns true for an existing path, whatever a link leads to. */
async function isListed(files: FileSource, place: string): Promise<boolean> {
  const entries = (await files.list(place.includes('/') ? path.posix.dirname(place) : '')) ?? [];
  return entries.some(({ name }) => name === path.posix.basename(place));
}

/** Returns the one location of a request; throws USAGE for none or several. */
export function onlyOne(request: LoadRequest): {
  kind: 'manifests' | 'manifest' | 'thin-manifest-dir';
  location: string;
} {
  const given = [
    { kind: 'manifests', location: request.manifests },
    { kind: 'manifest', location: request.manifest },
    { kind: 'thin-manifest-dir', location: request.thinManifestDir },
  ] as const;
  const [first, second] = given.filter(({ location }) => location !== undefined);
  if (first?.location === undefined)
    throw new PromotionError('USAGE', 'no manifests are named', { hint: 'give --manifests PATH' });
  if (second !== undefined)
    throw new PromotionError('USAGE', `--${first.kind} and --${second.kind} exclude each other`, {
      hint: 'give one of them; --manifests takes files, trees and folders of trees',
    });
  return { kind: first.kind, location: first.location };
}

/** Loads the one file that `read` returns; `location` is its displayed name. */
export async function loadPlain(
  location: string,
  read: () => Promise<Uint8Array | undefined>,
  allowed: AllowedRegistries,
): Promise<LoadedManifests> {
  const file = path.normalize(location);
  try {
    const bytes = await read();
    if (bytes === undefined) return notFound(location, 'there is no such file', 'check the path');
    return completePolicies([{ parsed: parsePlain(file, { file, bytes }, allowed) }]);
  } catch (error) {
    return { projects: [], problems: [unreadable(file, error)] };
  }
}

type Finding = { readonly find: typeof findTrees | typeof findProjects; readonly allTrees: boolean };

async function loadFolder(
  location: string,
  { find, allTrees }: Finding,
  reading: ProjectReading,
): Promise<LoadedManifests> {
  const files = await diskFiles(location);
  const found = await find(files);
  if (found.projects.length === 0 && found.problems.length === 0) {
    return notFound(
      location,
      'there are no manifests here',
      'a tree has manifests/<project>/promoter-manifest.yaml and images/<project>/images.yaml',
    );
  }
  const display = (relative: string): string => path.join(location, relative);
  if (found.trees.length > 1 && !allTrees) return severalTrees(location, found.trees.map(display));
  return loadFound(files, found, display, reading);
}

/** Number of trees that are named in a message; a repository has few. */
const MOST_TREES = 20;

/** One tree in a hundred may be frozen or belong to others: only the user knows which are meant. */
function severalTrees(location: string, trees: readonly string[]): LoadedManifests {
  const named = trees.slice(0, MOST_TREES).join(', ');
  const more = trees.length > MOST_TREES ? ` and ${trees.length - MOST_TREES} more` : '';
  const around = trees.find((tree) => trees.some((other) => other !== tree && isWithin(tree, other)));
  const alone = around === undefined ? '' : `; --thin-manifest-dir ${around} reads that one without those below`;
  const message = `${location} holds ${trees.length} trees of manifests: ${named}${more}`;
  const hint = `name the intended one, or read all of them with --all-trees${alone}`;
  return nothing({ ...invalid(path.normalize(location), message, hint), code: 'MANIFEST_NOT_FOUND' });
}

function isWithin(folder: string, place: string): boolean {
  return folder === '.' || place.startsWith(`${withoutEndSlashes(folder)}/`);
}

const NO_IMAGES = Buffer.from('[]');

async function loadProject(
  files: FileSource,
  project: FoundProject,
  display: (path: string) => string,
  { allowed, parse }: ProjectReading,
): Promise<ParsedProject> {
  const manifestFile = display(project.manifest);
  const imagesFile = display(project.images);
  let place = manifestFile;
  try {
    const manifest = await files.read(project.manifest);
    place = imagesFile;
    const images = await files.read(project.images);
    if (manifest === undefined)
      return unusable(invalid(manifestFile, 'this link points to nothing', 'put the file itself in its place'));
    const file = { file: imagesFile, bytes: images ?? NO_IMAGES };
    const parsed = parse(project.name, { file: manifestFile, bytes: manifest }, file, allowed);
    if (images !== undefined) return parsed;
    const message = `its images file ${imagesFile} is missing`;
    const missing = invalid(manifestFile, message, `add ${imagesFile}, or remove this manifest`);
    // its policy for images below its source still applies
    const { project: _, problems, ...declared } = parsed;
    // a misnamed file is a separate problem
    const isMisnamed = (await files.read(misnamed(project.images))) !== undefined;
    return { ...declared, problems: [...(isMisnamed ? [] : [missing]), ...problems], warnings: [] };
  } catch (error) {
    return unusable(unreadable(place, error));
  }
}

function unusable(problem: Problem): ParsedProject {
  return { problems: [problem], warnings: [] };
}

/** Returns the tree that a file seems to belong to, by its name and folders. */
function treeAround(file: string): string | undefined {
  const kind = { [MANIFEST_NAME]: 'manifests', [IMAGES_NAME]: 'images' }[path.basename(file)];
  const folder = path.dirname(path.dirname(path.resolve(file)));
  if (kind === undefined || path.basename(folder) !== kind) return undefined;
  return path.normalize(path.join(path.dirname(file), '..', '..'));
}

function unreadable(file: string, error: unknown): Problem {
  const { code, message, hint = '' } = asPromotionError(error);
  return { ...invalid(file, message, hint), ...(code === 'INTERNAL' && { code }) };
}

function notFound(location: string, message: string, hint: string): LoadedManifests {
  return nothing({
    ...invalid(path.normalize(location), `${message}: ${location}`, hint),
    code: 'MANIFEST_NOT_FOUND',
  });
}

function nothing(problem: Problem): LoadedManifests {
  return { projects: [], problems: [problem] };
}

function invalid(file: string, message: string, hint: string): Problem {
  return { code: 'MANIFEST_INVALID', message, hint, position: { file, line: 1, column: 1 } };
}

function unusedFile({ path: place, message, hint }: Misplaced, display: (path: string) => string): Warning {
  return { ...invalid(display(place), message, hint), code: 'NO_EFFECT' };
}
