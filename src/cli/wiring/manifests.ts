import { parseSince } from '../options/since.ts';
import type { GitServices } from '../../git/run.ts';
import { loadDiffBase, type Against } from '../../manifest/history/diff-base.ts';
import { entriesSince, type YoungEntries } from '../../manifest/history/entry-ages.ts';
import { repositoryOf } from '../../manifest/history/load-commit.ts';
import { pastMoves } from '../../manifest/history/tag-history.ts';
import { loadManifests, type LoadRequest } from '../../manifest/load.ts';
import { parseOnce } from '../../manifest/parse-once.ts';
import { loadShare, withShare, type SharedManifests } from '../../sharding/load-share.ts';
import type { TreeSet } from '../../sharding/share.ts';
import type { Shard } from '../../sharding/shard.ts';
import type { SetupServices } from '../../phases/setup.ts';
import type { SourceOptions, TreeOptions } from '../options/source.ts';
import type { CommandServices } from '../command.ts';

/** The part of the tree that a run processes. */
export type SharedSource = {
  readonly source: SourceOptions;
  readonly shard: Shard | undefined;
  /** Further names of a set that must be in one shard with it. */
  readonly names?: (set: TreeSet) => readonly string[];
};

/** Creates the services that load the manifests, and with a diff the base. */
export function manifestServices(
  { source, shard, names }: SharedSource,
  { env, clock, signal, record }: Pick<CommandServices, 'env' | 'clock' | 'signal' | 'record'>,
): SetupServices {
  const request = loadRequest(source);
  // the tree is loaded once, even if another step needs it again, such as for the age of entries
  let loaded: Promise<SharedManifests> | undefined;
  const parse = parseOnce();
  const git = { env, clock, signal };
  const against = againstOf(source.diff, clock.now());
  const onDigest = (tree: string): void => record?.({ tree });
  const loadIt = async (): Promise<SharedManifests> => {
    if (shard === undefined) return loadManifests(request, parse);
    const dividing = { shard, names };
    if (against !== undefined) return withShare(await loadManifests(request, parse), dividing, onDigest);
    return loadShare((packing) => loadManifests(request, packing), dividing, onDigest);
  };
  const load = (): Promise<SharedManifests> => (loaded ??= loadIt());
  return against === undefined ? { load } : { load, loadBase: () => loadDiffBase(request, against, git, parse) };
}

/** How a run looks for the tags that moved in the past. */
export function historyServices(source: SourceOptions, git: GitServices): Pick<SetupServices, 'pastMoves'> {
  const request = loadRequest(source);
  return {
    pastMoves: async (before) => {
      const base = before ?? (await loadDiffBase(request, { revision: 'HEAD' }, git));
      const repository = await repositoryOf(request, git);
      return { base, moves: base.commit === undefined ? [] : await pastMoves(repository, base.commit) };
    },
  };
}

/** Returns the entries that are newer than a time; undefined if Git cannot tell. */
export function youngEntries(
  tree: TreeOptions,
  { env, clock, signal }: Pick<CommandServices, 'env' | 'clock' | 'signal'>,
  load: SetupServices['load'],
): (since: number, unknown: (reason: string) => void) => Promise<YoungEntries | undefined> {
  return async (since, unknown) => {
    const { projects } = await load();
    return entriesSince(loadRequest(tree), projects, since, { env, clock, signal }, unknown);
  };
}

/** Converts the options to a load request. */
export function loadRequest({ allowRegistries, ...tree }: TreeOptions): LoadRequest {
  return { ...tree, allowRegistries: allowRegistries.map(({ text }) => text) };
}

function againstOf(diff: SourceOptions['diff'], now: number): Against | undefined {
  if (diff === undefined || diff === 'prow' || 'revision' in diff) return diff;
  const since = parseSince(diff.since, now);
  if (since === undefined) throw new Error(`${diff.since} is not a time`);
  return { since };
}
