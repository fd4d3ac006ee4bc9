/** What each node leads to. */
type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** The groups of nodes that lead to each other, each sorted; a node that only leads to itself is none. */
export function circlesIn(graph: Graph): readonly (readonly string[])[] {
  const reached = new Map([...graph.keys()].map((node) => [node, reachableFrom(graph, node)]));
  const found = new Map<string, readonly string[]>();
  for (const [node, all] of reached) {
    const circle = [...all].filter((other) => other !== node && reached.get(other)?.has(node) === true);
    if (circle.length > 0) found.set([node, ...circle].toSorted().join(' '), [node, ...circle].toSorted());
  }
  return [...found.values()];
}

function reachableFrom(graph: Graph, start: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const next = [...(graph.get(start) ?? [])];
  for (let node = next.pop(); node !== undefined; node = next.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const other of graph.get(node) ?? []) next.push(other);
  }
  return seen;
}

/** A graph of these edges. */
export function graphOf(edges: Iterable<readonly [from: string, to: string]>): Graph {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of edges) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  return graph;
}
