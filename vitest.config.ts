import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

import { summaryReporter } from './test/support/summary-reporter.ts';

/** On a busy machine everything takes twenty times as long, and more: only what hangs must fail. */
const PATIENT = { testTimeout: 600_000, hookTimeout: 600_000, expect: { poll: { timeout: 600_000 } } };

/**
 * The programs that tests start, npm too, need not be compiled anew for each start, nor TypeScript be stripped of its types: a
 * server of a test starts in a third of the processor time.
 */
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules', '.kpromo-compile-cache');

/** Most of the tests wait for something most of the time: four at once, also on a machine of two cores. */
const workers = Math.max(4, availableParallelism() - 1);

/**
 * No module of ours has a state: files that share a process need not load everything anew. V8's own size of the young
 * generation stays: with 64 MiB instead of 16 files that sign take a fifth more processor time, and starting a process, which
 * copies the page tables, a tenth more.
 */
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
          ...PATIENT,
        },
      },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], ...TOGETHER, ...PATIENT } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          ...TOGETHER,
          ...PATIENT,
        },
      },
      // Pack, build images and start other people's servers: `npm run shipping` runs them, `npm test` leaves them out.
      { test: { name: 'shipping', include: ['test/shipping/**/*.test.ts'], ...TOGETHER, ...PATIENT } },
    ],
  },
});
