/** How two items compare: negative if the first precedes the second. */
export type Order<Item> = (a: Item, b: Item) => number;

// v1.9 before v1.10: digits compare as numbers
const { compare: byNumber } = new Intl.Collator('en', { numeric: true });

/** The orders of tags and names, the likeliest first: as versions, with digits as numbers, by character. */
export const TEXT_ORDERS: readonly Order<string>[] = [byVersion, byNumber, byCharacter];

/** Compares versions as semver does: v1.0.0-rc.1 before v1.0.0. */
function byVersion(a: string, b: string): number {
  const [main, rest] = divided(a);
  const [otherMain, otherRest] = divided(b);
  const order = byNumber(main, otherMain);
  if (order !== 0 || rest === otherRest) return order;
  if (rest === '' || otherRest === '') return rest === '' ? 1 : -1;
  return byNumber(rest, otherRest);
}

function divided(version: string): [main: string, rest: string] {
  const dash = version.indexOf('-');
  return dash < 0 ? [version, ''] : [version.slice(0, dash), version.slice(dash + 1)];
}

export function byCharacter(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Two items are in some descending order by chance too often. */
const LEAST_DESCENDING = 3;

/**
 * Returns the index at which `added` keeps the order of `items`, or their number if no order holds for them. `others`
 * are further lists of the same file: they decide which order is meant if several hold. Fewer items than `least` are in
 * order only if others are.
 */
export function indexFor<Item>(
  items: readonly Item[],
  added: Item,
  orders: readonly Order<Item>[],
  others: readonly (readonly Item[])[] = [],
  least = 1,
): number {
  const candidates = [
    ...orders.map((order) => ({ order, least })),
    ...orders.map((order) => ({ order: reverse(order), least: LEAST_DESCENDING })),
  ];
  let best: { order: Order<Item>; pairs: number } | undefined;
  for (const { order, least: fewest } of candidates) {
    if (!holds(items, order)) continue;
    const similar = others.filter((list) => list.length > 1);
    const kept = similar.filter((list) => holds(list, order));
    if (items.length < fewest && (kept.length === 0 || kept.length < similar.length)) continue;
    const pairs = kept.reduce((sum, list) => sum + list.length - 1, 0);
    if (best === undefined || pairs > best.pairs) best = { order, pairs };
  }
  if (best === undefined) return items.length;
  const { order } = best;
  const next = items.findIndex((item) => order(added, item) < 0);
  return next < 0 ? items.length : next;
}

function reverse<Item>(order: Order<Item>): Order<Item> {
  return (a, b) => order(b, a);
}

function holds<Item>(items: readonly Item[], order: Order<Item>): boolean {
  return items.every((item, index) => index === 0 || order(items[index - 1] as Item, item) <= 0);
}
