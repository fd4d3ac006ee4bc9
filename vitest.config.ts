import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

import { summaryReporter } from './test/support/summary-reporter.ts';

/** Real registries and built programs start slowly on a busy machine. */
const PATIENT = { testTimeout: 120_000, hookTimeout: 120_000 };

/** A test that computes takes twenty times as long on a busy machine: only one that hangs must fail. */
const CALM = { testTimeout: 60_000, hookTimeout: 60_000 };

/** What measures rates and times of the whole program: it comes after all the others, with a core for each of two. */
const TIMED = ['quota-rate', 'shared-budget', 'chaos-silence', 'large'].map(
  (name) => `test/integration/${name}.test.ts`,
);

/** Most of the tests wait for something most of the time: three at once, also on a machine of two cores. */
const workers = Math.max(3, availableParallelism() - 1);

/** No module of ours has a state: files that share a process need not load everything anew. */
const TOGETHER = { isolate: false };

export default defineConfig({
  test: {
    maxWorkers: workers,
    reporters: ['default', summaryReporter()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/*.test.ts', 'test/support/**/*.test.ts'],
          ...TOGETHER,
          ...CALM,
        },
      },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], ...TOGETHER, ...CALM } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: TIMED,
          ...TOGETHER,
          ...PATIENT,
        },
      },
      { test: { name: 'timed', include: TIMED, maxWorkers: 2, sequence: { groupOrder: 1 }, ...PATIENT } },
    ],
  },
});
