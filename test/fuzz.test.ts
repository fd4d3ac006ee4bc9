import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TARGETS } from './support/fuzz/targets.ts';

/** Few enough for every run of the tests; bench/fuzz.ts goes on for as long as it is let. */
const RUNS = 1500;

describe('readers of foreign text', () => {
  it.each(Object.keys(TARGETS))(
    'read whatever there is, or say what is wrong: %s',
    (name) => {
      const { text, read } = TARGETS[name] ?? expect.fail();
      fc.assert(
        fc.property(text, (input) => read(input)),
        { seed: 20261130, numRuns: RUNS },
      );
    },
    120_000,
  );

  it.each(Object.keys(TARGETS))(
    'read a text that is repeated ten thousand times: %s',
    (name) => {
      const { text, read } = TARGETS[name] ?? expect.fail();
      fc.assert(
        fc.property(text, (input) => read(input.slice(0, 40).repeat(10_000))),
        { seed: 20261130, numRuns: 20 },
      );
    },
    120_000,
  );
});
