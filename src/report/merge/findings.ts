import { count } from '../../text/layout.ts';
import type { ReportDocument } from '../model/schema.ts';
import { unionOf } from './sums.ts';

type Finding = NonNullable<ReportDocument['audit']>['findings'][number];

/** Joins equal findings of several shards: the same difference of the same tags, with the places of all of them. */
export function findingsOf(lists: readonly (readonly Finding[])[]): readonly Finding[] {
  const groups = [...Map.groupBy(lists.flat(), findingKey).values()];
  return groups.flatMap((same) => {
    const [first, ...others] = same;
    if (first === undefined) return [];
    return others.length === 0 ? [first] : [{ ...first, places: unionOf(same.map(({ places }) => places)) }];
  });
}

/** Identifies a finding: those of two shards with the same key are one. */
export function findingKey({ code, reference, digest, tags }: Finding): string {
  return JSON.stringify([code, reference, digest, tags.toSorted()]);
}

/** The things that notes count, as `text/layout.ts` formats them. */
const COUNTED = /(?<![\w.,])(\d[\d,]*) (manifest|image)s?(?!\w)/;

/** Joins notes of several shards. Those that differ only in a number of manifests or images become one with the sum. */
export function notesOf(lists: readonly (readonly string[])[]): readonly string[] {
  const sums = new Map<string, number>();
  for (const note of lists.flat()) {
    const [, number] = COUNTED.exec(note) ?? [];
    if (number !== undefined) sums.set(stem(note), (sums.get(stem(note)) ?? 0) + Number(number.replaceAll(',', '')));
  }
  return unionOf(lists, stem).map((note) =>
    note.replace(COUNTED, (_, _number, thing: string) => count(sums.get(stem(note)) ?? 0, thing)),
  );
}

/** Returns a note without its number. */
function stem(note: string): string {
  return note.replace(COUNTED, '# $2');
}

type Inventory = NonNullable<ReportDocument['inventory']>;

/** Returns how all shards together used their inventory caches; undefined if none had one. */
export function inventoryOf(all: readonly Inventory[]): Inventory | undefined {
  if (all.length === 0) return undefined;
  const sum = (of: (one: Inventory) => number): number => all.reduce((total, one) => total + of(one), 0);
  const [since] = all.flatMap((one) => one.since ?? []).toSorted((a, b) => Date.parse(a) - Date.parse(b));
  return {
    believed: sum(({ believed }) => believed),
    ...(since !== undefined && { since }),
    checked: sum(({ checked }) => checked),
    changed: sum(({ changed }) => changed),
    wrong: [...new Set(all.flatMap(({ wrong }) => wrong))].toSorted(),
  };
}
