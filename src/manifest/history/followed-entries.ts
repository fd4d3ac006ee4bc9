import type { Digest } from '../../image/digest.ts';
import type { Position } from '../../errors.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { EntryFact } from './project-entries.ts';
import type { ProjectStep, TreeHistory } from './tree-history.ts';

/** The time during which a tree wants one digest, or one tag of it, in one destination repository. */
export type EntrySpan = {
  readonly repository: RepositoryName;
  /** The name below its registry. */
  readonly name: string;
  /** Undefined for the digest itself. */
  readonly tag: string | undefined;
  readonly digest: Digest;
  /** Its place in the commit that added it. */
  readonly at: Position;
  /** Index of the commit that added it. */
  readonly added: number;
  /** Index of the commit that removed it; undefined if the tree still has it. */
  removed: number | undefined;
};

/** A tag that a tree gave to one digest, and then to another one. */
export type TagMove = {
  /** The last digest that had the tag alone. */
  readonly from: EntrySpan;
  readonly to: EntrySpan;
  /** Index of the commit after which `to` has it alone. */
  readonly commit: number;
};

/** What became of the entries of a tree. */
export type FollowedEntries = {
  /** Every span in the order of its beginning. */
  readonly spans: readonly EntrySpan[];
  /** In the order of the history. */
  readonly moves: readonly TagMove[];
  /** Returns the last digest that had a tag alone. */
  owner(repository: RepositoryName, tag: string): EntrySpan | undefined;
};

/** Selects the entries to follow: by what stands in the file, and then by the repository that it goes to. */
export type Followed = {
  isNear(fact: EntryFact): boolean;
  isWanted(repository: RepositoryName, fact: EntryFact): boolean;
};

/** One entry in one repository; several projects may want it. */
type Counted = {
  readonly repository: RepositoryName;
  fact: EntryFact;
  count: number;
  span: EntrySpan | undefined;
};

type State = {
  readonly counted: Map<string, Counted>;
  readonly projects: Map<string, { readonly destinations: readonly string[]; readonly facts: ReadonlySet<EntryFact> }>;
  /** The digests that want a tag now, and the last one that had it alone. */
  readonly tags: Map<string, { readonly open: Map<Digest, EntrySpan>; owner: EntrySpan | undefined }>;
  readonly spans: EntrySpan[];
  readonly moves: TagMove[];
};

/** Follows entries through a history, up to and including the commit with the index `upTo`. */
export function followEntries(
  { steps, commits }: TreeHistory,
  followed: Followed,
  upTo = commits.length - 1,
): FollowedEntries {
  const state: State = { counted: new Map(), projects: new Map(), tags: new Map(), spans: [], moves: [] };
  let touched = new Set<Counted>();
  for (const [index, step] of steps.entries()) {
    if (step.commit > upTo) break;
    applyStep(state, step, followed, touched);
    // an entry that one project loses and another one gets in the same commit stays in the tree
    if (steps[index + 1]?.commit === step.commit) continue;
    settle(state, touched, step.commit);
    touched = new Set();
  }
  const { spans, moves, tags } = state;
  return { spans, moves, owner: (repository, tag) => tags.get(`${repository}:${tag}`)?.owner };
}

function applyStep(state: State, step: ProjectStep, followed: Followed, touched: Set<Counted>): void {
  const before = state.projects.get(step.project) ?? { destinations: [], facts: new Set() };
  const [added, removed] = [step.added.filter(followed.isNear), step.removed.filter(followed.isNear)];
  const gone = new Set(removed.map(keyOf));
  const stay = [...before.facts].filter((fact) => !gone.has(keyOf(fact)));
  const facts = new Set([...stay, ...added]);
  state.projects.set(step.project, { destinations: step.destinations, facts });
  const isSame = before.destinations.join(' ') === step.destinations.join(' ');
  const count = (all: Iterable<EntryFact>, destinations: readonly string[], by: 1 | -1): void => {
    for (const fact of all)
      for (const registry of destinations) {
        const repository = joinRepository(registry, fact.name);
        if (followed.isWanted(repository, fact)) touched.add(counted(state, repository, fact, by));
      }
  };
  count(isSame ? removed : before.facts, before.destinations, -1);
  count(isSame ? added : facts, step.destinations, 1);
}

function counted({ counted: all }: State, repository: RepositoryName, fact: EntryFact, by: 1 | -1): Counted {
  // two projects may divide the repository otherwise into registry and name
  const key = `${repository}\0${fact.tag ?? ''}\0${fact.digest}`;
  const there = all.get(key) ?? { repository, fact, count: 0, span: undefined };
  all.set(key, there);
  if (there.count === 0 && by === 1) there.fact = fact;
  there.count += by;
  return there;
}

function settle(state: State, touched: ReadonlySet<Counted>, commit: number): void {
  const tags = new Set<string>();
  for (const entry of touched) {
    const { repository, fact, count, span } = entry;
    if (count > 0 === (span !== undefined)) continue;
    const tagged = fact.tag === undefined ? undefined : tagState(state, `${repository}:${fact.tag}`);
    if (span === undefined) {
      const { name, tag, digest, at } = fact;
      entry.span = { repository, name, tag, digest, at, added: commit, removed: undefined };
      state.spans.push(entry.span);
      tagged?.open.set(digest, entry.span);
    } else {
      span.removed = commit;
      entry.span = undefined;
      tagged?.open.delete(fact.digest);
    }
    if (fact.tag !== undefined) tags.add(`${repository}:${fact.tag}`);
  }
  for (const tag of tags) changeOwner(state, tagState(state, tag), commit);
}

function tagState(
  { tags }: State,
  key: string,
): { readonly open: Map<Digest, EntrySpan>; owner: EntrySpan | undefined } {
  const there = tags.get(key) ?? { open: new Map(), owner: undefined };
  tags.set(key, there);
  return there;
}

/** A tag that several digests want is written for none of them, so that it has not moved yet. */
function changeOwner({ moves }: State, tag: ReturnType<typeof tagState>, commit: number): void {
  const [only, other] = tag.open.values();
  if (only === undefined || other !== undefined) return;
  const { owner } = tag;
  tag.owner = only;
  if (owner !== undefined && owner.digest !== only.digest) moves.push({ from: owner, to: only, commit });
}

function keyOf({ name, tag = '', digest }: EntryFact): string {
  return `${name}\0${tag}\0${digest}`;
}
