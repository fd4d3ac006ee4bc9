import { isPromotionError, PromotionError, type Failure } from '../../errors.ts';
import { hostOf, joinRepository, pathBelow, type RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { caught } from '../caught.ts';
import { checkListed } from '../snapshot/held-manifests.ts';
import { isTree, listRoot } from '../snapshot/repositories-below.ts';
import { unreadable } from '../reading/unreadable.ts';
import type { ReadOthers } from './read-others.ts';

/** Why repositories could not be found: `notes` if a registry has no such list, `failures` if it refuses. */
export type OtherRepositories = { readonly notes: readonly string[]; readonly failures: readonly Failure[] };

/** Finds the repositories of production that no manifest names: by the catalog of each registry, else by its folders. */
export async function findOtherRepositories(
  roots: readonly string[],
  others: ReadOthers,
  context: Context,
): Promise<OtherRepositories> {
  const unknown = await Promise.all(
    roots.map(async (root) => {
      const look = others.readsCatalogs
        ? () => lookBelow(root, others, context)
        : () => descend(parentsBelow(root, others), others);
      return { root, reason: await orReason(look, context) };
    }),
  );
  const refused = new Map<RepositoryName, PromotionError>();
  const notes: string[] = [];
  for (const { root, reason } of unknown) {
    if (reason === undefined) continue;
    if (reason.code === 'NOT_FOUND') notes.push(`repositories below ${root} that no manifest names: ${reason.message}`);
    else refused.set(root, new PromotionError(reason.code, reason.message, { side: 'destination', hint: HINT }));
  }
  return { notes, failures: [...unreadable(refused), ...unreadable(others.errors)] };
}

const HINT =
  'use an account that may list the repositories, or audit only those of the tree (--other-repositories=false)';

/** Reads all repositories at and below a name; returns why that is not possible. */
async function lookBelow(root: string, others: ReadOthers, context: Context): Promise<PromotionError | undefined> {
  const names = await orReason(() => others.catalog(root), context);
  if (!isPromotionError(names)) {
    await others.read(names);
    const all = new Set(names);
    const isWhole = others.heldBelow(root).every((repository) => all.has(repository));
    if (isWhole && !(await others.othersHold(all, root))) return undefined;
  }
  if (pathBelow(hostOf(root), root) !== '' && isTree(await listRoot(() => others.list(root)))) {
    await walk(root, others);
    return undefined;
  }
  return isPromotionError(names)
    ? names
    : new PromotionError('NOT_FOUND', `the catalog of ${hostOf(root)} does not list all repositories that are there`);
}

async function orReason<T>(work: () => Promise<T>, context: Context): Promise<T | PromotionError> {
  try {
    return await work();
  } catch (error) {
    return caught(error, context);
  }
}

/** Level by level: the lists of folders name what is below them. */
async function walk(root: string, others: ReadOthers): Promise<void> {
  await descend([root, ...parentsBelow(root, others)], others);
}

function parentsBelow(root: string, { children }: ReadOthers): readonly RepositoryName[] {
  return [...children.keys()].filter((name) => pathBelow(root, name) !== undefined);
}

/** Reads what listings name below these repositories. Another shard reads the catalogs. */
async function descend(parents: readonly RepositoryName[], { read, children }: ReadOthers): Promise<undefined> {
  const below = (name: RepositoryName): readonly RepositoryName[] =>
    [...(children.get(name) ?? [])].map((child) => checkListed(joinRepository(name, child)));
  for (let names = parents.flatMap(below); names.length > 0; names = names.flatMap(below)) await read(names);
}
