import { asPromotionError, PromotionError, type Failure } from './errors.ts';
import type { AskedRef } from './image/asked-ref.ts';
import type { EntryCommits } from './manifest/history/entry-commits.ts';
import type { LoadedManifests } from './manifest/manifest.ts';
import { addedBy, formerEntries, type FindCommits } from './phases/explain/entry-origin.ts';
import { unknown, type Explanation, type WhyNot } from './plan/explained/facts.ts';
import { entryFacts, lookUp, placeNamed, type LookedUp } from './plan/explained/look-up.ts';
import { conflictOf, noEntry } from './plan/explained/no-entry.ts';
import { nothingRead, readProduction, type ProductionServices } from './phases/explain/production.ts';
import { findTarget, type Target } from './phases/explain/target.ts';
import { aboutOnly, isMissing, statusOf, whyNot } from './plan/explained/why-not.ts';
import type { Context } from './pipeline/phase.ts';
import type { CheckRules } from './plan/checks.ts';

export type ExplainRequest = { readonly ref: AskedRef; readonly rules: CheckRules };

export type ExplainServices = {
  /** Loads the manifests; undefined if none are named. */
  readonly load: (() => Promise<LoadedManifests>) | undefined;
  readonly findCommits: FindCommits;
  /** Undefined if only the tree is read. */
  readonly production: OnlineServices | undefined;
};

export type OnlineServices = ProductionServices & {
  /** Runs a promotion of these manifests without writing, and returns its failures; the reasons are the plan's own. */
  readonly dryRun: (manifests: LoadedManifests) => Promise<readonly Failure[]>;
};

const OFFLINE = 'registries are not read with --offline';
const NO_TREE = 'no manifests are named: give --manifests PATH';
const NO_ENTRY = 'no entry of the tree means it';

/** What is known about a reference before any reason is looked for. */
type Found = {
  readonly loaded: LoadedManifests | undefined;
  readonly looked: LookedUp;
  readonly target: Target;
  /** When the tree had the entry before, if it has none now. */
  readonly former: readonly EntryCommits[];
  readonly added: Explanation['added'];
};

/** Explain on one page: finds the entry, its commit, what production and staging have, and why anything is missing. */
export async function runExplain(
  { ref, rules }: ExplainRequest,
  services: ExplainServices,
  context: Context,
): Promise<Explanation> {
  const { production } = services;
  const loaded = await loadTree(services);
  const looked = lookUp(loaded ?? NOTHING, ref, rules);
  const target = await findTarget(looked, ref, rules, production?.registry, context.signal);
  const { check, named } = target;
  const former =
    loaded === undefined || named.length > 0
      ? []
      : await formerEntries(services.findCommits, formerQueries(looked, target, ref, rules));
  const added = await addedFact(target, ref, services);
  const source = named[0]?.image.source ?? looked.sets[0]?.source;
  const facts =
    production === undefined || check === undefined
      ? nothingRead(production === undefined ? OFFLINE : target.reason)
      : await readProduction(production, check, source, context.signal);
  const found = { loaded, looked, target, former, added };
  const status = statusIn(found, facts, production === undefined);
  return {
    status,
    why: await reasons(ref, found, status, production, context),
    image: imageFact(target),
    entries: loaded === undefined ? unknown(NO_TREE) : { known: entryFacts(named, ref) },
    added,
    ...facts,
  };
}

const NOTHING: LoadedManifests = { projects: [], problems: [] };

async function loadTree({ load }: ExplainServices): Promise<LoadedManifests | undefined> {
  const loaded = await load?.();
  const problem = loaded?.problems.find(({ code }) => code === 'MANIFEST_NOT_FOUND');
  if (problem !== undefined) throw new PromotionError(problem.code, problem.message, { hint: problem.hint });
  return loaded;
}

function formerQueries(
  looked: LookedUp,
  { check }: Target,
  ref: AskedRef,
  rules: CheckRules,
): Parameters<FindCommits>[0] {
  const { repository, mirrors } = placeNamed(looked, ref, rules);
  const places = new Set([ref.repository, repository, ...mirrors]);
  const digest = ref.digest ?? (ref.tag === undefined ? check?.digest : undefined);
  return [...places].map((place) => ({
    repository: place,
    digest,
    tag: ref.digest === undefined ? ref.tag : undefined,
  }));
}

async function addedFact(
  { check, named }: Target,
  { tag }: AskedRef,
  { load, findCommits }: ExplainServices,
): Promise<Explanation['added']> {
  if (load === undefined) return unknown(NO_TREE);
  if (check === undefined || named.length === 0) return unknown(NO_ENTRY);
  const { repository, digest, tags } = check;
  return addedBy(findCommits, { repository, digest, tag: tag !== undefined && tags.includes(tag) ? tag : undefined });
}

function imageFact({ check, reason }: Target): Explanation['image'] {
  if (check === undefined) return unknown(reason);
  const { reference: name, digest, wanted, tags, repository: primary } = check;
  return { known: { name, digest, tags: wanted?.tags ?? tags, primary } };
}

function statusIn(
  { loaded, target: { check, named, isUnread }, former }: Found,
  { places }: Pick<Explanation, 'places'>,
  isOffline: boolean,
): Explanation['status'] {
  const hasLeft = former.at(-1)?.removed !== undefined;
  const isHidden = loaded?.problems.some(({ code }) => code !== 'ENTRY_INVALID') === true;
  if (isOffline && named.length > 0) return check === undefined ? 'unknown' : 'wanted';
  if (isOffline) return hasLeft ? 'unmanaged' : isHidden ? 'unknown' : 'not wanted';
  if (check === undefined) return isUnread ? 'unknown' : 'not promoted';
  const status = statusOf(places);
  if (loaded === undefined || named.length > 0 || !['promoted', 'partly promoted'].includes(status)) return status;
  return 'unmanaged';
}

/** Returns why an image is not promoted, or not managed. */
async function reasons(
  ref: AskedRef,
  { loaded, looked, target: { check, named }, former, added }: Found,
  status: Explanation['status'],
  production: OnlineServices | undefined,
  context: Context,
): Promise<readonly WhyNot[]> {
  if (loaded === undefined) return [];
  const conflict = conflictOf(ref, looked.sets);
  if (conflict !== undefined) return [conflict];
  if (named.length === 0) return noEntry(ref, looked.names, loaded, former);
  if (production === undefined || check === undefined || !isMissing(status)) return [];
  try {
    return whyNot(await production.dryRun(aboutOnly(loaded, check)), check, added);
  } catch (error) {
    const { code, message, hint = '' } = asPromotionError(error, context.signal);
    return [{ code, message: `why it is missing is unknown, because a dry run failed: ${message}`, hint }];
  }
}
