import { verdicts, type PlanCase, type Verdicts } from './plan-cases.ts';

/** One edge that a project wants: this digest of that source, in this repository, under this tag or none. */
type Edge = {
  readonly source: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly label: string;
};

/**
 * What upstream's rules say of each edge, followed one by one: two digests for a tag overlap; a tag that is right
 * and a tagless digest that is there are done; a digest that no source of the edge has is lost; a tag that points
 * elsewhere would move; everything else is promoted.
 */
export function referenceVerdicts(plan: PlanCase): Verdicts {
  const edges = edgesOf(plan);
  const found: Record<keyof Verdicts, string[]> = { promote: [], lost: [], tagMoves: [], overlaps: [] };
  for (const edge of edges) {
    const { repository, tag, label } = edge;
    const verdict = verdictOn(edge, edges, plan);
    if (verdict === 'overlaps') found.overlaps.push(`${repository}:${tag}`);
    else if (verdict !== undefined)
      found[verdict].push(tag === undefined ? `${repository}@${label}` : `${repository}:${tag}@${label}`);
  }
  // An edge that another source can serve is not lost.
  return verdicts({ ...found, lost: found.lost.filter((edge) => !found.promote.includes(edge)) });
}

function verdictOn(edge: Edge, edges: readonly Edge[], plan: PlanCase): keyof Verdicts | undefined {
  const { source, repository, tag, label } = edge;
  const rivals = edges.filter((other) => other.repository === repository && other.tag === tag && tag !== undefined);
  if (rivals.some((other) => other.label !== label)) return 'overlaps';
  const there = held(plan, repository);
  if (tag === undefined ? label in there : there[label]?.includes(tag) === true) return undefined;
  if (!(label in held(plan, source))) return 'lost';
  const taken = Object.values(there).some((tags) => tag !== undefined && tags.includes(tag));
  return taken ? 'tagMoves' : 'promote';
}

function edgesOf({ projects }: PlanCase): Edge[] {
  return projects.flatMap(({ src, dsts, images }) =>
    images.flatMap(({ name, dmap }) =>
      Object.entries(dmap).flatMap(([label, tags]) =>
        dsts.flatMap((dst) => {
          const wanted: readonly (string | undefined)[] = tags.length === 0 ? [undefined] : tags;
          return wanted.map((tag) => ({ source: `${src}/${name}`, repository: `${dst}/${name}`, tag, label }));
        }),
      ),
    ),
  );
}

/** What a repository holds, whichever registry of the inventory it belongs to. */
function held({ inventory }: PlanCase, repository: string): Readonly<Record<string, readonly string[]>> {
  const all: Record<string, readonly string[]> = {};
  for (const [registry, content] of Object.entries(inventory)) {
    for (const [name, labels] of Object.entries(content))
      if (`${registry}/${name}` === repository) Object.assign(all, labels);
  }
  return all;
}
