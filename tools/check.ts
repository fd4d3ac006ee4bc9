// Runs every gate, even if one fails, and ends with `N passed, N failed, N skipped`, which counts gates and tests. With
// --ci, first installs what integration tests need.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TOTALS_FILE, totalsLine } from '../test/support/summary-reporter.ts';
import type { Totals } from '../test/support/summary-reporter.ts';

type Gate = {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: NodeJS.ProcessEnv;
};

const ROOT = join(import.meta.dirname, '..');

const PROVIDERS: readonly Gate[] = [
  { name: 'Debian packages', command: ['bash', '.ci/packages'] },
  { name: 'judges', command: ['npm', 'run', '--silent', 'judges'] },
];

const GATES: readonly Gate[] = [
  { name: 'format', command: ['npm', 'run', '--silent', 'format', '--', '--check'] },
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  { name: 'types', command: ['npm', 'run', '--silent', 'types'] },
  // Not more requests or memory than committed, for the built program.
  { name: 'quick benchmarks', command: ['npm', 'run', '--silent', 'bench', 'quick'] },
  { name: 'generated docs unchanged', command: ['npm', 'run', '--silent', 'docs', '--', '--check'] },
];

/** The README's test command, and the tests of what a release ships, which take longer than the limit of that command. */
const TESTS: readonly Gate[] = [
  // Integration tests run the built program, which is in the package. `npm test` alone runs the sources.
  { name: 'tests', command: ['npm', 'test'], env: { KPROMO_TEST_BUNDLE: '1' } },
  { name: 'shipping', command: ['npm', 'run', '--silent', 'shipping'] },
];

function main(args: readonly string[]): void {
  const gates = [...(args.includes('--ci') ? PROVIDERS : []), ...GATES];
  const results = gates.map((gate) => ({ name: gate.name, passed: run(gate) }));
  const tests = TESTS.map(runTests).reduce(sum);
  const failed = results.filter(({ passed }) => !passed);
  console.log('');
  for (const { name, passed } of results) console.log(`${passed ? 'passed' : 'FAILED'}  ${name}`);
  const total: Totals = {
    passed: tests.passed + results.length - failed.length,
    failed: tests.failed + failed.length,
    skipped: tests.skipped,
  };
  console.log(totalsLine(total));
  process.exitCode = total.failed === 0 ? 0 : 1;
}

function run({ name, command: [program, ...args] }: Gate, env: NodeJS.ProcessEnv = {}): boolean {
  console.log(`\n== ${name}`);
  const { status, error } = spawnSync(program, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (error !== undefined) console.log(`${program} did not start: ${error.message}`);
  return status === 0;
}

/** Runs a command of tests. A run that fails without a failed test, or prints no totals, counts as one failure. */
function runTests(gate: Gate): Totals {
  const folder = mkdtempSync(join(tmpdir(), 'kpromo-check-'));
  const file = join(folder, 'totals.json');
  try {
    const passed = run(gate, { ...gate.env, [TOTALS_FILE]: file });
    const totals = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as Totals)
      : { passed: 0, failed: 1, skipped: 0 };
    return passed || totals.failed > 0 ? totals : { ...totals, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sum(one: Totals, other: Totals): Totals {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

main(process.argv.slice(2));
