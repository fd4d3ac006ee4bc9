import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BASELINES, BASELINE_SOURCE, type Baseline } from './baselines.ts';
import { BUDGETS, overruns, type Budget } from './budgets.ts';
import { round, type Cli, type Measured } from './measure.ts';
import { runRateLimit } from './ratelimit.ts';
import { runHostile } from './run-hostile.ts';
import { runLarge } from './run-large.ts';
import { runReplication } from './run-replication.ts';
import { runStop } from './run-stop.ts';
import { runTree } from './run-tree.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

// npm run bench [-- [--cli=PATH] [--cpu-prof=FOLDER] SCENARIO…]: one JSON document on stdout, progress on stderr; exit code 1 when a budget
// was overrun. --cli measures another program, --cpu-prof leaves profiles in a folder.

const { values, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { cli: { type: 'string' }, 'cpu-prof': { type: 'string' } },
});
const profile = values['cpu-prof'];
const CLI: Cli = {
  program: values.cli ?? join(import.meta.dirname, '..', 'bin', 'kpromo'),
  env: profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` },
};

type Ours = Measured & { readonly requests?: number };

/** One scenario's figures, what it promised and did not keep, and what others needed. */
type Result = {
  readonly name: string;
  readonly scenario: Scenario;
  readonly ours: Ours;
  readonly budget?: Budget;
  readonly over: readonly string[];
  readonly baselines: readonly (Baseline & { readonly ratios: Readonly<Record<string, number>> })[];
};

async function report(name: string, scenario: Scenario): Promise<Result> {
  process.stderr.write(`${name} … `);
  const ours = await run(scenario);
  const over = [
    ...(ours.exit === 0 ? [] : [`exit ${ours.exit}: ${ours.lastWords ?? ''}`]),
    ...overruns(BUDGETS[name] ?? {}, { requests: 0, ...ours }),
  ];
  process.stderr.write(
    `${ours.wallSeconds} s, ${ours.requests ?? '?'} requests, ${ours.peakMiB ?? '?'} MiB${over.map((line) => `\n  OVER: ${line}`).join('')}\n`,
  );
  const budget = BUDGETS[name];
  const baselines = (BASELINES[name] ?? []).map((baseline) => ({ ...baseline, ratios: ratios(baseline, ours) }));
  return { name, scenario, ours, ...(budget !== undefined && { budget }), over, baselines };
}

async function run(scenario: Scenario): Promise<Ours> {
  if (scenario.kind === 'tree') return runTree(scenario, CLI);
  if (scenario.kind === 'hostile') return runHostile(CLI);
  if (scenario.kind === 'stop') return runStop();
  if (scenario.kind === 'replication') return runReplication(scenario, CLI);
  return scenario.kind === 'large' ? runLarge(scenario, CLI) : runRateLimit();
}

/** How many times as much the baseline needed. */
function ratios(baseline: Baseline, ours: Ours): Readonly<Record<string, number>> {
  const pairs = (['wallSeconds', 'requests', 'peakMiB', 'cpuSeconds'] as const).flatMap((what) => {
    const [theirs, own] = [baseline[what], ours[what]];
    return theirs === undefined || own === undefined || own === 0 ? [] : [[what, round(theirs / own)] as const];
  });
  return Object.fromEntries(pairs);
}

const unknown = asked.filter((name) => !SCENARIOS.has(name));
if (unknown.length > 0) {
  process.stderr.write(
    `bench: there is no scenario ${unknown.join(', ')}; there are ${[...SCENARIOS.keys()].join(', ')}\n`,
  );
  process.exitCode = 2;
} else {
  const results = [];
  for (const [name, scenario] of SCENARIOS)
    if (asked.length === 0 || asked.includes(name)) results.push(await report(name, scenario));
  process.stdout.write(
    `${JSON.stringify({ node: process.version, baselines: BASELINE_SOURCE, results }, undefined, 2)}\n`,
  );
  if (results.some(({ over }) => over.length > 0)) process.exitCode = 1;
}
