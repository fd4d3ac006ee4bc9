import type { ReportDocument } from '../model/schema.ts';

/** Returns the sums of all numbers of equally shaped records; a field that no record has is absent. */
export function sumsOf<T extends object>(records: readonly [T, ...T[]]): T {
  const sums: Record<string, unknown> = {};
  for (const record of records)
    for (const [key, value] of Object.entries(record)) {
      if (typeof value === 'number') sums[key] = Number(sums[key] ?? 0) + value;
    }
  return { ...records[0], ...sums };
}

/** Returns the totals of all records together, those of signing included. */
export function totalsOf(all: readonly ReportDocument['totals'][]): ReportDocument['totals'] | undefined {
  const [first, ...others] = all;
  if (first === undefined) return undefined;
  const [signing, ...more] = all.flatMap((totals) => totals.signing ?? []);
  return { ...sumsOf([first, ...others]), signing: signing && sumsOf([signing, ...more]) };
}

type Registry = ReportDocument['registries'][number];

/** Joins the registries of all reports by host. */
export function registriesOf(all: readonly Registry[]): readonly Registry[] {
  return [...Map.groupBy(all, ({ host }) => host).values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [sumsOf([first, ...others])],
  );
}

/**
 * Returns items without those that several lists have in common, as shards report the problems of the whole tree. What
 * one list has twice stays twice.
 */
export function unionOf<T>(lists: readonly (readonly T[])[], keyOf: (item: T) => string = jsonOf): readonly T[] {
  const taken = new Map<string, number>();
  return lists.flatMap((list) => {
    const seen = new Map<string, number>();
    return list.filter((item) => {
      const key = keyOf(item);
      const nth = (seen.get(key) ?? 0) + 1;
      seen.set(key, nth);
      if (nth <= (taken.get(key) ?? 0)) return false;
      taken.set(key, nth);
      return true;
    });
  });
}

/** Returns the items that all lists contain. */
export function commonTo<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const [first = [], ...others] = lists;
  const keys = others.map((list) => new Set(list.map(jsonOf)));
  return first.filter((item) => keys.every((known) => known.has(jsonOf(item))));
}

function jsonOf(item: unknown): string {
  return JSON.stringify(item);
}
