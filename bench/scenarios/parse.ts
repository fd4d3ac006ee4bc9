import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure, medianOf, round, type Measured } from '../measure.ts';
import { outcomeOf, type Limits, type Scenario } from '../scenario.ts';
import { writeTree } from '../tree-files.ts';
import { generateTree, type TreeSize } from '../tree.ts';

const ARGS = {
  parse: (folder: string) => ['cip', '--thin-manifest-dir', folder, '--parse-only'],
  validate: (folder: string) => ['validate', folder],
} as const;

/** The machine's speed drifts: the two programs run in turn, and each pair gives one ratio. */
const PAIRS = 3;

/** Measures how the files of a tree are read and checked, beside a script that only parses them. */
export function parse(job: keyof typeof ARGS, size: TreeSize, limits: Limits): Scenario {
  return {
    limits,
    run: async (cli) => {
      const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
      try {
        const mirrors = Array.from({ length: size.mirrors }, (_, index) => `mirror-${index}.example`);
        await writeTree(generateTree(size), folder, 'staging.example', mirrors);
        const script = {
          program: process.execPath,
          args: [join(import.meta.dirname, '..', 'bare', 'yaml.ts'), folder],
        };
        const pairs: { readonly bare: Measured; readonly ours: Measured }[] = [];
        for (let pair = 0; pair < PAIRS; pair += 1) {
          const bare = await measure(script);
          const args = ARGS[job](folder);
          pairs.push({ bare, ours: await measure({ program: cli.program, args, env: { ...cli.env, HOME: folder } }) });
        }
        const ratio = medianOf(pairs.map(({ bare, ours }) => (ours.cpuSeconds ?? 0) / (bare.cpuSeconds ?? 1)));
        const all = pairs.map(({ ours, bare }) => ({ ours: outcomeOf(ours), bare: outcomeOf(bare) }));
        const { figures = {}, local = {} } = all.at(-1)?.ours ?? {};
        const problems = all.flatMap(({ ours, bare }) => [...ours.problems, ...bare.problems]);
        return { figures: { ...figures, 'cpu / js-yaml': round(ratio) }, local, problems };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
