import type { Model } from './scripts.ts';

/** A tag that moved, and the indexes of the states that gave it to each digest. */
export type OracleMove = {
  readonly ref: string;
  readonly from: string;
  readonly to: string;
  readonly given: number;
  readonly moved: number;
};

/** Returns `repository:tag digest`, and `repository digest`, of everything that a tree wants. */
export function wantsOf(model: Model): ReadonlySet<string> {
  const wants = new Set<string>();
  for (const { to, entries } of model.values())
    for (const [entry, tags] of entries) {
      const [name, digest] = entry.split(' ');
      for (const registry of to) {
        wants.add(`${registry}/${name} ${digest}`);
        for (const tag of tags) wants.add(`${registry}/${name}:${tag} ${digest}`);
      }
    }
  return wants;
}

/** Returns the digests of each `repository:tag`. */
export function tagsOf(model: Model): ReadonlyMap<string, readonly string[]> {
  const tags = new Map<string, string[]>();
  for (const want of wantsOf(model)) {
    const [ref = '', digest = ''] = want.split(' ');
    if (/:[^/]*$/.test(ref)) tags.set(ref, [...(tags.get(ref) ?? []), digest]);
  }
  return tags;
}

/** Returns the index of the last state that began to want this; undefined if the last one does not. */
export function sinceWhen(models: readonly Model[], want: string): number | undefined {
  let since: number | undefined;
  for (const [index, model] of models.entries()) {
    if (!wantsOf(model).has(want)) since = undefined;
    else since ??= index;
  }
  return since;
}

/** Returns the intervals in which a tree wanted this, as [added, removed]. */
export function spansOf(models: readonly Model[], want: string): readonly (readonly [number, number | undefined])[] {
  const spans: [number, number | undefined][] = [];
  let isThere = false;
  for (const [index, model] of models.entries()) {
    const is = wantsOf(model).has(want);
    const last = spans.at(-1);
    if (is && !isThere) spans.push([index, undefined]);
    if (!is && isThere && last !== undefined) last[1] = index;
    isThere = is;
  }
  return spans;
}

/** Compares all states one by one: a tag moves when another digest has it alone than the last one that had it alone. */
export function movesOf(models: readonly Model[]): readonly OracleMove[] {
  const moves: OracleMove[] = [];
  const owners = new Map<string, { readonly digest: string; readonly given: number }>();
  for (const [index, model] of models.entries())
    for (const [ref, digests] of tagsOf(model)) {
      const [digest] = digests;
      if (digests.length !== 1 || digest === undefined) continue;
      const owner = owners.get(ref);
      if (owner?.digest === digest && owner.given === sinceWhen(models.slice(0, index + 1), `${ref} ${digest}`))
        continue;
      const given = sinceWhen(models.slice(0, index + 1), `${ref} ${digest}`) ?? index;
      if (owner !== undefined && owner.digest !== digest)
        moves.push({ ref, from: owner.digest, to: digest, given: owner.given, moved: index });
      owners.set(ref, { digest, given });
    }
  return moves;
}

/** Returns the last digest that had each tag alone. */
export function ownersOf(models: readonly Model[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const model of models)
    for (const [ref, digests] of tagsOf(model)) if (digests.length === 1) owners.set(ref, digests[0] ?? '');
  return owners;
}
