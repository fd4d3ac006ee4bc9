import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BASELINES, BASELINE_SOURCE, type Baseline } from './baselines.ts';
import { round, type Cli } from './measure.ts';
import { compare, readResults, writeResults } from './results.ts';
import type { Figures, Scenario } from './scenario.ts';
import { GROUPS, SCENARIOS } from './scenarios.ts';
import { table, type Block } from './table.ts';

// npm run bench [-- [--write] [--json] [--cli=PATH] [--cpu-prof=FOLDER] NAME…]: measures scenarios, all of them without a
// name. A name may also be that of a group (`quick` is what CI runs, `network` compares with the network), or the start of
// names: `growth` selects all `growth-…`. Prints each figure beside the committed one of results.json. Exit code 1 if a run
// failed, a figure exceeded its limit, or requests or memory are more than committed plus the tolerance. --write commits the
// figures instead, --json prints a JSON document with the figures of other programs, --cli measures another program,
// --cpu-prof leaves profiles in a folder.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    cli: { type: 'string' },
    'cpu-prof': { type: 'string' },
  },
});
const asked = positionals.flatMap((word) => GROUPS[word] ?? [word]);
const profile = values['cpu-prof'];
const CLI: Cli = {
  program: values.cli ?? join(import.meta.dirname, '..', 'bin', 'kpromo'),
  env: profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` },
};

type Result = Block & { readonly figures: Figures };

const isAsked = (name: string): boolean =>
  asked.length === 0 || asked.some((word) => name === word || name.startsWith(`${word}-`));

async function measureOne(name: string, scenario: Scenario, committed: Figures | undefined): Promise<Result> {
  process.stderr.write(`${name} …\n`);
  const { figures, local = {}, problems } = await scenario.run(CLI);
  // Replaced figures are compared with the limits only.
  const compared = compare(figures, values.write ? {} : committed, scenario.limits);
  if (values.write && problems.length === 0) writeResults({ [name]: figures });
  return { name, figures, compared, local, problems };
}

/** How many times as much each other program needed. */
function ratios({ name, figures, local }: Result): readonly (Baseline & { readonly ratios: Figures })[] {
  const ours: Figures = { ...figures, ...local };
  return (BASELINES[name] ?? []).map((baseline) => {
    const pairs = (['wallSeconds', 'requests', 'peakMiB', 'cpuSeconds'] as const).flatMap((figure) => {
      const [theirs, own] = [baseline[figure], ours[figure]];
      return theirs === undefined || own === undefined || own === 0 ? [] : [[figure, round(theirs / own)] as const];
    });
    return { ...baseline, ratios: Object.fromEntries(pairs) };
  });
}

async function main(): Promise<void> {
  const names = [...SCENARIOS.keys()];
  const unknown = asked.filter((word) => !names.some((name) => name === word || name.startsWith(`${word}-`)));
  if (unknown.length > 0) {
    process.stderr.write(
      `bench: unknown scenario ${unknown.join(', ')}; use ${[...Object.keys(GROUPS), ...names].join(', ')}\n`,
    );
    process.exitCode = 2;
    return;
  }
  const committed = readResults();
  const results: Result[] = [];
  for (const [name, scenario] of SCENARIOS)
    if (isAsked(name)) results.push(await measureOne(name, scenario, committed[name]));
  if (values.json) {
    const all = results.map((result) => ({ ...result, baselines: ratios(result) }));
    const document = { node: process.version, baselines: BASELINE_SOURCE, results: all };
    process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  } else process.stdout.write(`${table(results)}\n`);
  const isFailed = ({ problems, compared }: Result): boolean =>
    problems.length > 0 || compared.some(({ problem }) => problem !== undefined);
  if (results.some(isFailed)) process.exitCode = 1;
}

await main();
