import { defineConfig } from 'vitest/config';

import { summaryReporter } from './test/support/summary-reporter.ts';

/** Real registries and built programs start slowly on a busy machine. */
const PATIENT = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    reporters: ['default', summaryReporter()],
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'test/*.test.ts', 'test/support/**/*.test.ts'] } },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'] } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...PATIENT } },
    ],
  },
});
