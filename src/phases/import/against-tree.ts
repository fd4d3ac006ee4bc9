import { failureOf, type Failure } from '../../errors.ts';
import type { Project, RegistryEntry } from '../../manifest/manifest.ts';
import { wantedBy } from '../../plan/desired/wanted.ts';
import { divide, movesInTree } from '../proposal/in-tree.ts';
import type { Chosen } from '../proposal/staging/choose.ts';
import type { ImportedImage, ImportedProject } from './projects.ts';

/** The part of an imported project that a tree lacks, and the project of the tree that gets it; a new one if undefined. */
export type Addition = ImportedProject & { readonly project: Project | undefined; readonly present: number };

/** Compares an imported project with a tree. A tag that the tree gives to another digest is a failure. */
export function againstTree(
  projects: readonly Project[],
  imported: ImportedProject,
): { readonly addition: Addition; readonly failures: readonly Failure[] } {
  const { source, destination, images } = imported;
  const project = projects.find(
    (one) => one.source === source && one.destinations.some(({ name }) => name === destination),
  );
  const tagged = images.flatMap(({ name, digest, tags }) =>
    tags.map((tag): Chosen => ({ name, digest, tag, isStaged: true })),
  );
  const { present, fresh } = project === undefined ? { present: [], fresh: tagged } : divide(project, tagged);
  const { kept, failures } = withoutMoves(projects, project?.destinations ?? [entryOf(destination)], fresh);
  const bare = images.filter(({ name, digest, tags }) => tags.length === 0 && !holds(project, name, digest));
  const additions = [...grouped(kept), ...bare];
  return { addition: { source, destination, images: additions, project, present: present.length }, failures };
}

function withoutMoves(projects: readonly Project[], destinations: readonly RegistryEntry[], fresh: readonly Chosen[]) {
  // one search of the tree for all, since there is rarely a move
  if (movesInTree(projects, { destinations }, fresh).length === 0) return { kept: fresh, failures: [] };
  const moves = fresh.map((one) => movesInTree(projects, { destinations }, [one]));
  const hint = 'a tag never moves: promote the new digest under a new tag';
  return {
    kept: fresh.filter((_, index) => moves[index]?.length === 0),
    failures: moves.flat().map((message) => failureOf('import', { code: 'TAG_MOVE', message, hint })),
  };
}

function grouped(fresh: readonly Chosen[]): readonly ImportedImage[] {
  const groups = Map.groupBy(fresh, ({ name, digest }) => `${name}@${digest}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ name: first.name, digest: first.digest, tags: group.map(({ tag }) => tag) }];
  });
}

function holds(project: Project | undefined, name: string, digest: string): boolean {
  const sets = project === undefined ? [] : wantedBy([project]);
  return sets.some((set) => set.name === name && set.images.some((image) => image.digest === digest));
}

function entryOf(name: string): RegistryEntry {
  return { name, isSource: false, position: { file: '', line: 1, column: 1 } };
}
