import { isPromotionError } from '../../errors.ts';
import type { GitServices } from '../../git/run.ts';
import type { Digest } from '../../image/digest.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { LoadRequest } from '../load.ts';
import { loadCommit, repositoryOf } from './load-commit.ts';
import type { ImageEntry } from '../manifest.ts';
import type { ParseProject } from '../parse-once.ts';
import { parseThin } from '../parse.ts';

/** Recently added entries of a tree, as `source repository@digest`. */
export type YoungEntries = ReadonlySet<string>;

/** The entries of one source repository. */
type EntrySet = { readonly source: RepositoryName; readonly images: readonly { readonly digest: Digest }[] };

/**
 * Returns those of the entries that were added after `time`, in milliseconds: those missing in the last commit of
 * HEAD's own branch before it. Returns undefined, and calls `unknown` with the reason, if there is no repository or the
 * clone does not reach back far enough.
 */
export async function entriesSince(
  request: LoadRequest,
  sets: readonly EntrySet[],
  time: number,
  services: GitServices,
  unknown: (reason: string) => void = () => undefined,
): Promise<YoungEntries | undefined> {
  try {
    const repository = await repositoryOf(request, services);
    const commit = await repository.git.lastBefore(time);
    if (commit === undefined && (await repository.git.isShallow())) {
      unknown('the clone does not go back far enough');
      return undefined;
    }
    const young = digestsBySource(sets);
    const old = commit === undefined ? [] : (await loadCommit(repository, commit, parserOf(young))).projects;
    for (const { source, images } of old)
      for (const { name, digests } of images) {
        const left = young.get(joinRepository(source, name));
        for (const { digest } of digests) left?.delete(digest);
      }
    return new Set([...young].flatMap(([source, digests]) => [...digests].map((digest) => `${source}@${digest}`)));
  } catch (error) {
    if (!isPromotionError(error, 'GIT')) throw error;
    unknown(error.message);
    return undefined;
  }
}

function digestsBySource(sets: readonly EntrySet[]): Map<RepositoryName, Set<Digest>> {
  const all = new Map<RepositoryName, Set<Digest>>();
  for (const { source, images } of sets) {
    const there = all.get(source) ?? new Set();
    all.set(source, there);
    for (const { digest } of images) there.add(digest);
  }
  return all;
}

/** Returns a parser that keeps of an old tree only the digests in question: a shard is not to hold a whole tree. */
function parserOf(asked: ReadonlyMap<RepositoryName, ReadonlySet<Digest>>): ParseProject {
  return (...given) => {
    const parsed = parseThin(...given);
    if (parsed.project === undefined) return parsed;
    const { source, images } = parsed.project;
    const kept = images.map(({ name, position, digests }): ImageEntry => {
      const here = asked.get(joinRepository(source, name));
      const known = digests.filter(({ digest }) => here?.has(digest) === true);
      return { name, position, digests: known.map(({ digest }) => ({ digest, position, tags: [], tagPositions: [] })) };
    });
    return { ...parsed, project: { ...parsed.project, images: kept } };
  };
}
