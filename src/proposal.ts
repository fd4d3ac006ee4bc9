import type { LoadedManifests, Project } from './manifest/manifest.ts';
import { addImages, type Addition } from './manifest/edit/add-images.ts';
import { openImagesFile } from './manifest/edit/project-file.ts';
import { movesInProduction } from './phases/proposal/check-production.ts';
import type { Choice, Chosen } from './phases/proposal/staging/choose.ts';
import { findProject } from './phases/proposal/find-project.ts';
import { divide, movesInTree, type Present } from './phases/proposal/in-tree.ts';
import { added, type Added } from './phases/proposal/added.ts';
import { checkProject } from './phases/proposal/check-project.ts';
import { findStaged } from './phases/proposal/staging/find-staged.ts';
import { readTrees } from './phases/proposal/staging/read-trees.ts';
import { refusal } from './phases/proposal/refusal.ts';
import type { ProposalRequest } from './phases/proposal/request.ts';
import type { Context } from './pipeline/phase.ts';
import type { RegistryReader } from './registry/roles.ts';

export type { ProposalRequest } from './phases/proposal/request.ts';
export type { Added } from './phases/proposal/added.ts';

export type ProposalServices = { readonly registry: RegistryReader; readonly load: () => Promise<LoadedManifests> };

/** An edit of a tree that is not written yet. */
export type Proposal = {
  readonly project: Project;
  /** The file that is edited. */
  readonly file: string;
  readonly before: Uint8Array;
  /** The same as `before` if there is nothing to add. */
  readonly after: Uint8Array;
  readonly added: readonly Added[];
  /** The requested tags that the file has already. */
  readonly present: readonly Present[];
  readonly leftOut: Choice['leftOut'];
};

/** Proposals on one page: finds the project and its images in staging, refuses moved tags and incomplete images, and edits the file in memory. */
export async function propose(
  request: ProposalRequest,
  { registry, load }: ProposalServices,
  context: Context,
): Promise<Proposal> {
  const loaded = await load();
  const place = findProject(loaded, request);
  const { project } = place;
  checkProject(loaded.projects, project);
  const { chosen, leftOut } = await findStaged(registry, place, request, context);
  const { present, fresh } = divide(project, chosen);
  const { file, bytes, parse } = await openImagesFile(project);
  if (fresh.length === 0) return { project, file, before: bytes, after: bytes, added: [], present, leftOut };
  refuseMoves(movesInTree(loaded.projects, project, fresh));
  refuseMoves(await movesInProduction(registry, project, fresh, context));
  const facts = await readTrees(registry, project.source, fresh, context);
  const additions = additionsOf(fresh);
  const after = addImages({ file, bytes, parse }, additions);
  return {
    project,
    file,
    before: bytes,
    after,
    added: added(additions, fresh, parse(after).project, facts),
    present,
    leftOut,
  };
}

function additionsOf(fresh: readonly Chosen[]): readonly Addition[] {
  const digests = Map.groupBy(fresh, ({ name, digest }) => `${name}@${digest}`);
  return [...digests.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ name: first.name, digest: first.digest, tags: group.map(({ tag }) => tag) }];
  });
}

function refuseMoves(moves: readonly string[]): void {
  if (moves.length === 0) return;
  throw refusal('TAG_MOVE', 'a tag would move', 'tags are immutable: promote the new digest under a new tag', moves);
}
