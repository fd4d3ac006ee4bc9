import { parseSince } from '../options/since.ts';
import type { GitServices } from '../../git/run.ts';
import { loadDiffBase, type Against } from '../../manifest/history/diff-base.ts';
import { entriesSince, type YoungEntries } from '../../manifest/history/entry-ages.ts';
import { repositoryOf } from '../../manifest/history/load-commit.ts';
import { pastMoves } from '../../manifest/history/tag-history.ts';
import { loadManifests, type LoadRequest } from '../../manifest/load.ts';
import { parseOnce } from '../../manifest/parse-once.ts';
import { parseThin } from '../../manifest/parse.ts';
import { loadShare, withShare, type SharedManifests } from '../../sharding/load-share.ts';
import type { TreeSet } from '../../sharding/share.ts';
import type { Shard } from '../../sharding/shard.ts';
import type { CandidateServices } from '../../phases/plan/candidate-services.ts';
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

/** The services that load the manifests. `look` is for steps before setup; setup's `load` keeps no reference to the tree. */
type ManifestServices = SetupServices & { readonly look: SetupServices['load'] };

/** Creates the services that load the manifests, and with a diff the base. */
export function manifestServices(
  { source, shard, names }: SharedSource,
  { env, clock, signal, record }: Pick<CommandServices, 'env' | 'clock' | 'signal' | 'record'>,
): ManifestServices {
  const request = loadRequest(source);
  // the tree is loaded once, even if a step before setup needs it
  let loaded: Promise<SharedManifests> | undefined;
  const git = { env, clock, signal };
  const against = againstOf(source.diff, clock.now());
  // the files of a tree that is compared with nothing are not kept
  const parse = against === undefined ? parseThin : parseOnce();
  const onDigest = (tree: string): void => record?.({ tree });
  const loadIt = async (): Promise<SharedManifests> => {
    if (shard === undefined) return loadManifests(request, parse);
    const dividing = { shard, names };
    if (against !== undefined) return withShare(await loadManifests(request, parse), dividing, onDigest);
    return loadShare((packing) => loadManifests(request, packing), dividing, onDigest);
  };
  const look = (): Promise<SharedManifests> => (loaded ??= loadIt());
  const load = (): Promise<SharedManifests> => {
    const loading = look();
    loaded = undefined;
    return loading;
  };
  const services = { load, look };
  return against === undefined ? services : { ...services, loadBase: () => loadDiffBase(request, against, git, parse) };
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
): (since: number, ...asked: Parameters<CandidateServices['young']>) => Promise<YoungEntries | undefined> {
  return (since, sets, unknown) => entriesSince(loadRequest(tree), sets, since, { env, clock, signal }, unknown);
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
