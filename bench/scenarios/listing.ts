import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRegistryProcess } from '../../test/support/registry/process.ts';
import type { WantedFile } from '../bare/listing.ts';
import { measure, medianOf, round, type Cli, type Measured } from '../measure.ts';
import { outcomeOf, type Limits, type Scenario } from '../scenario.ts';
import { writeTree } from '../tree-files.ts';
import { registriesFor } from '../tree-registries.ts';
import { generateTree, type TreeSize } from '../tree.ts';
import { LATENCY_MS, sum } from './tree.ts';

type ListingResult = Measured & {
  readonly requests: number;
  /** The bare script on the same registries, in turn with ours. */
  readonly bare: Measured;
  /** Ours divided by the bare script's: the median of the pairs. */
  readonly ratios: { readonly wall: number; readonly cpu: number; readonly peak: number };
};

/** The machine's speed drifts: the two programs run in turn, and each pair gives one ratio. */
const PAIRS = 3;

/** Measures a dry run of a tree beside a bare script that only reads and compares the same lists. */
export function listing(size: TreeSize, limits: Limits = {}): Scenario {
  return {
    limits,
    run: async (cli) => {
      const { bare, ratios, ...ours } = await runListing(size, cli);
      const { figures, local, problems } = outcomeOf(ours);
      return {
        figures: { ...figures, 'time / bare': ratios.wall, 'cpu / bare': ratios.cpu, 'memory / bare': ratios.peak },
        local: { ...local, bareSeconds: bare.wallSeconds },
        problems: [...problems, ...outcomeOf(bare).problems.map((problem) => `bare script: ${problem}`)],
      };
    },
  };
}

/** Measures a dry run of the CLI beside the bare script that only reads and compares the same lists. */
async function runListing(size: TreeSize, cli: Cli): Promise<ListingResult> {
  const tree = generateTree(size);
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  await using registries = await startRegistryProcess(registriesFor(tree, { google: true, latencyMs: LATENCY_MS }));
  try {
    const [staging = '', ...mirrors] = registries.hosts;
    await writeTree(tree, folder, staging, mirrors);
    const wanted: WantedFile = {
      hosts: mirrors,
      repositories: tree.projects.flatMap(({ destination, images }) =>
        images.map(({ name, versions }) => ({ name: `${destination}/${name}`, images: versions })),
      ),
    };
    await writeFile(join(folder, 'wanted.json'), JSON.stringify(wanted));
    const bareScript = {
      program: process.execPath,
      args: [join(import.meta.dirname, '..', 'bare', 'listing.ts'), join(folder, 'wanted.json')],
    };
    const args = ['cip', '--thin-manifest-dir', folder, '--require-identity=false'];
    const pairs: { readonly bare: Measured; readonly ours: Measured & { readonly requests: number } }[] = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const bare = await measure(bareScript);
      await registries.reset();
      const ours = await measure({ program: cli.program, args, env: { ...cli.env, HOME: folder } });
      pairs.push({ bare, ours: { ...ours, requests: sum(await registries.counts()).requests } });
    }
    return summary(pairs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function summary(
  pairs: readonly { readonly bare: Measured; readonly ours: Measured & { readonly requests: number } }[],
): ListingResult {
  const ratio = (of: (measured: Measured) => number | undefined): number =>
    round(medianOf(pairs.map(({ bare, ours }) => (of(ours) ?? 0) / (of(bare) ?? 1))));
  const typical = <M extends Measured>(runs: readonly M[]): M | undefined =>
    runs.find(({ exit }) => exit !== 0) ??
    runs.toSorted((a, b) => (a.cpuSeconds ?? 0) - (b.cpuSeconds ?? 0))[Math.floor(runs.length / 2)];
  const [ours, bare] = [typical(pairs.map((pair) => pair.ours)), typical(pairs.map((pair) => pair.bare))];
  if (ours === undefined || bare === undefined) throw new Error('nothing was run');
  return {
    ...ours,
    bare,
    ratios: {
      wall: ratio(({ wallSeconds }) => wallSeconds),
      cpu: ratio(({ cpuSeconds }) => cpuSeconds),
      peak: ratio(({ peakMiB }) => peakMiB),
    },
  };
}
