import { writeFileSync } from 'node:fs';

import type { Reporter, TestModule } from 'vitest/node';

/** How many tests ended in which way; a file, suite or hook that broke counts as one failure. */
export type Totals = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** The variable that names the file to which the totals are also written, as JSON. */
export const TOTALS_FILE = 'KPROMO_TEST_TOTALS';

/** The line that closes a run of tests or gates. */
export function totalsLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Prints why tests were skipped, one line a reason, and as the very last line the totals over all projects. */
export function summaryReporter(print: (line: string) => void = console.log): Reporter {
  return {
    onTestRunEnd(modules, unhandled) {
      const totals = count(modules, unhandled.length);
      for (const [reason, tests] of skipReasons(modules)) print(`skipped ${tests}: ${reason}`);
      const file = process.env[TOTALS_FILE];
      if (file) writeFileSync(file, JSON.stringify(totals));
      print(totalsLine(totals));
    },
  };
}

function count(modules: readonly TestModule[], unhandled: number): Totals {
  const totals = { passed: 0, failed: unhandled, skipped: 0 };
  for (const module of modules) {
    // What failed to load, or in a hook, belongs to no test.
    totals.failed += module.errors().length;
    for (const suite of module.children.allSuites()) totals.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // A test that was still running when the run ended did not pass.
      totals[state === 'pending' ? 'failed' : state] += 1;
    }
  }
  return totals;
}

function skipReasons(modules: readonly TestModule[]): ReadonlyMap<string, number> {
  const reasons = new Map<string, number>();
  for (const module of modules) {
    for (const test of module.children.allTests('skipped')) {
      const result = test.result();
      const reason = ('note' in result && result.note) || `${module.relativeModuleId}: no reason given`;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  return reasons;
}
