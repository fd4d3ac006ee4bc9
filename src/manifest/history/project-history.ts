import type { CommitChanges, FileChange, ObjectId } from '../../git/objects.ts';
import { IMAGES_NAME, MANIFEST_NAME } from '../discover.ts';
import type { ManifestRepository } from './load-commit.ts';

/** The files of one project in one commit; the same file twice for a plain manifest. */
export type ProjectBlobs = { readonly manifest: ObjectId; readonly images: ObjectId };

/** A project that a commit changed; a side is undefined if the project has no files there. */
export type ProjectChange = {
  readonly commit: ObjectId;
  /** When it was committed, in seconds since 1970. */
  readonly time: number;
  /** The place of the project in the repository. */
  readonly project: string;
  readonly before: ProjectBlobs | undefined;
  readonly after: ProjectBlobs | undefined;
};

/** The projects of a tree, back through the commits of HEAD's own branch. */
export type ProjectHistory = {
  /** The projects of HEAD, by their place. */
  readonly head: ReadonlyMap<string, ProjectBlobs>;
  /** What commits changed, the newest first. */
  readonly changes: readonly ProjectChange[];
};

/** Reads which projects each commit changed, without their files. Files behind links are left out. Throws GIT. */
export async function projectHistory({ git, place }: ManifestRepository): Promise<ProjectHistory> {
  const files = new Map<string, ObjectId>();
  for (const { path, kind, id } of await git.list(await git.commit('HEAD'), place))
    if (kind === 'file') files.set(path, id);
  const partsOf = (path: string): Parts | undefined => (path === place ? plain(path) : partsIn(path));
  const blobsOf = ({ manifest, images }: Parts): ProjectBlobs | undefined => {
    const [one, other] = [files.get(manifest), files.get(images)];
    return one === undefined || other === undefined ? undefined : { manifest: one, images: other };
  };
  const head = new Map<string, ProjectBlobs>();
  for (const path of files.keys()) {
    const parts = partsOf(path);
    const blobs = parts && blobsOf(parts);
    if (parts !== undefined && blobs !== undefined) head.set(parts.manifest, blobs);
  }
  const changes = (await git.changes(place)).flatMap((commit) => {
    const touched = new Map(
      commit.files.flatMap(({ path }) => {
        const parts = partsOf(path);
        return parts === undefined ? [] : [[parts.manifest, parts] as const];
      }),
    );
    const after = new Map([...touched].map(([project, parts]) => [project, blobsOf(parts)]));
    undo(files, commit);
    return [...touched].map(([project, parts]) => {
      const sides = { before: blobsOf(parts), after: after.get(project) };
      return { commit: commit.id, time: commit.time, project, ...sides };
    });
  });
  return { head, changes };
}

function undo(files: Map<string, ObjectId>, { files: changed }: CommitChanges): void {
  for (const { path, before } of changed as readonly FileChange[])
    if (before === undefined) files.delete(path);
    else files.set(path, before);
}

/** The paths of the two files of a project. */
type Parts = { readonly manifest: string; readonly images: string };

function plain(path: string): Parts {
  return { manifest: path, images: path };
}

const IN_TREE = /^((?:.*\/)?)(?:manifests|images)\/([^/]+)\/([^/]+)$/;

function partsIn(path: string): Parts | undefined {
  const [, tree = '', name, file] = IN_TREE.exec(path) ?? [];
  if (name === undefined || (file !== MANIFEST_NAME && file !== IMAGES_NAME)) return undefined;
  return { manifest: `${tree}manifests/${name}/${MANIFEST_NAME}`, images: `${tree}images/${name}/${IMAGES_NAME}` };
}
