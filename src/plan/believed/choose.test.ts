import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedOf, chooseBelieved, oldestOf } from './choose.ts';
import type { InventoryEntry } from './entry.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 1);

const entry = (hours: number, satisfied = 'w'): InventoryEntry => ({ at: NOW - hours * HOUR, listed: 'l', satisfied });
const names = (host: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${host}/app${index}`);
const choosing = { now: NOW, random: () => 0.5, verifyAll: false, isNeeded: () => false };
const choose = (given: ReadonlyMap<string, InventoryEntry>, options: Partial<typeof choosing> = {}): string[] => {
  const wanted = new Map([...given.keys()].map((name) => [name, 'w']));
  return [...chooseBelieved(wanted, given, { ...choosing, ...options }).believed.keys()];
};
const aged = (all: readonly string[], hours: number): Map<string, InventoryEntry> =>
  new Map(all.map((name) => [name, entry(hours)]));

describe('src/plan/believed/choose.ts', () => {
  it('believes all but 2 % of the repositories of each registry, at least one', () => {
    const all = aged([...names('a.test', 100), ...names('b.test', 101), ...names('c.test', 1)], 1);
    const believed = choose(all);
    expect(Map.groupBy(believed, (name) => name.split('/')[0])).toEqual(
      new Map([
        ['a.test', believed.slice(0, 98)],
        ['b.test', believed.slice(98, 98 + 98)],
      ]),
    );
    expect(believed).toHaveLength(196);
  });

  it('takes any repository into the sample', () => {
    const all = aged(names('a.test', 10), 1);
    // Each is missing from 200 samples with a probability of 1e-9.
    const sampled = Array.from({ length: 200 }, () => {
      const believed = new Set(choose(all, { random: Math.random }));
      return [...all.keys()].filter((name) => !believed.has(name)).join(' ');
    });
    expect(new Set(sampled)).toEqual(new Set(all.keys()));
  });

  it.each([
    ['the wanted set is another one', entry(1, 'other')],
    ['the repository lacked something', { ...entry(1), satisfied: undefined }],
    ['it is of the future', entry(-0.1)],
    ['it is 22 hours old', entry(22)],
  ])('does not believe an entry if %s', (_, odd) => {
    const given = new Map([...aged(names('a.test', 10), 1), ['a.test/odd', odd]]);
    const wanted = new Map([...given.keys()].map((name) => [name, 'w']));
    const { believed, checked } = chooseBelieved(wanted, given, choosing);
    expect([believed.size, believed.has('a.test/odd'), checked.has('a.test/odd')]).toEqual([9, false, false]);
  });

  it('reads, and compares with its entry, each repository that is needed, and all with verifyAll', () => {
    const given = aged(names('a.test', 10), 1);
    expect(choose(given, { verifyAll: true })).toEqual([]);
    expect(choose(given, { isNeeded: () => true })).toEqual([]);
    const wanted = new Map([...given.keys()].map((name) => [name, 'w']));
    expect(chooseBelieved(wanted, given, { ...choosing, verifyAll: true }).checked.size).toBe(10);
  });

  it('ends the entries of one run at different times, between 11 and 22 hours', () => {
    const counts = [10, 12, 14, 16, 18, 20, 22].map((hours) => choose(aged(names('a.test', 1000), hours)).length);
    expect([counts[0], counts.at(-1)]).toEqual([980, 0]);
    // A fifth of them ends in any two hours, give or take a tenth of all.
    for (const [index, count] of counts.entries()) {
      const before = counts[index - 1];
      if (before !== undefined && index > 1) expect(before - count).toBeLessThan(300);
    }
  });

  it('believes nothing for longer than a day, even if both clocks are wrong by up to an hour', () => {
    const error = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(error, error, fc.double({ min: 24, max: 1000, noNaN: true }), (writer, reader, trueAge) => {
        const at = NOW + writer * HOUR;
        const now = NOW + (trueAge + reader) * HOUR;
        const given = new Map(names('a.test', 5).map((name) => [name, { ...entry(0), at }]));
        expect(choose(given, { now })).toEqual([]);
      }),
    );
  });

  it('returns the time of the oldest entry, and the repositories with another listing', () => {
    const checked = new Map([
      ['a.test/same', entry(1)],
      ['a.test/other', entry(3)],
      ['a.test/written', { ...entry(2), listed: undefined }],
      ['a.test/unread', entry(2)],
    ]);
    const reading = (listed: string | undefined): { at: number; listed: string | undefined } => ({ at: NOW, listed });
    const readings = new Map([
      ['a.test/same', reading('l')],
      ['a.test/other', reading('m')],
      ['a.test/written', reading('m')],
      ['a.test/unread', reading(undefined)],
    ]);
    expect([oldestOf(checked), oldestOf(new Map())]).toEqual([NOW - 3 * HOUR, undefined]);
    expect(changedOf(checked, readings)).toEqual(['a.test/other']);
  });
});
