import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { disagreements } from '../support/promotion/oracle.ts';
import { cases, check, MIRROR_FAULTS, promote, type Case } from '../support/promotion/random-faults.ts';
import type { Told } from '../support/promotion/told.ts';

/** Every fault of a mirror once beside a good one, on an image that nobody has and one that is there. */
const EACH = MIRROR_FAULTS.map((fault): [string, Case] => [
  fault,
  {
    images: [
      { tags: 2, isLost: false, on: ['absent', 'absent', 'there', 'there'] },
      { tags: 1, isLost: false, on: ['there', 'there', 'there', 'there'] },
      { tags: 1, isLost: true, on: ['absent', 'there', 'there', 'there'] },
    ],
    mirrors: [
      { fault: 'none', nth: 2 },
      { fault, nth: 8 },
    ],
    source: 'none',
    google: true,
  },
]);

describe('every output of a promotion', () => {
  it.each(EACH)('agrees with the others and with the registries: %s', async (_, given) => {
    expect(await check(given)).toEqual([]);
  });

  it('would not agree if a mirror that was not read were told to be there', async () => {
    const [, given] = EACH.find(([fault]) => fault === '401') ?? [];
    if (given === undefined) throw new Error('there is such a case');
    const { wanted, told, all } = await promote(given);
    const holds = (host: string) => all.find((one) => one.host === host)?.snapshot() ?? {};
    const text = JSON.stringify(told.json).replaceAll('"state":"unknown"', '"state":"present"');
    const green = disagreements({ ...told, json: JSON.parse(text) as Told['json'] }, wanted, holds);
    expect(green).toContainEqual(expect.stringMatching(/^app0 is present on \S+, where it is not there$/));
    expect(green.length).toBeGreaterThan(5);
    await Promise.all(all.map((one) => one.close()));
  });

  it('agrees with the others and with the registries, whatever goes wrong', async () => {
    const agrees = fc.asyncProperty(cases, async (given) => {
      expect(await check(given)).toEqual([]);
    });
    await fc.assert(agrees, { seed: 11, numRuns: 10, endOnFailure: true });
  });
});
