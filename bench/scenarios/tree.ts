import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counts } from '../../test/support/registry/counters.ts';
import { startRegistryProcess } from '../../test/support/registry/process.ts';
import { measure, round, type Cli, type Measured } from '../measure.ts';
import { outcomeOf, type Limits, type Scenario } from '../scenario.ts';
import { writeTree } from '../tree-files.ts';
import { registriesFor } from '../tree-registries.ts';
import { countTree, generateTree, type TreeSize } from '../tree.ts';

/** What is asked of the program: to find what is missing, to bring it, or to compare all of production. */
export type Job = 'dry' | 'promote' | 'audit';

/** One tree and one job on it. */
export type TreeJob = {
  readonly size: TreeSize;
  readonly job: Job;
  /** Whether the registries list digests with the tags, as gcr.io and pkg.dev do. */
  readonly google: boolean;
  /** One share of the work, as `--shard` takes it. */
  readonly shard?: string | undefined;
  /** Measures a second run, which finds the inventory cache of the first. Default: one run without a cache. */
  readonly cached?: boolean | undefined;
  /** Also measures a bare script that sends the same number of requests. Default: false. */
  readonly bare?: boolean | undefined;
};

/** What the registries counted while the program ran, all of them together. */
export type Traffic = {
  readonly requests: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly connections: number;
  /** The most requests that one registry had in work at once. */
  readonly concurrency: number;
};

export type TreeResult = Measured &
  Traffic & {
    readonly bare?: Measured | undefined;
    readonly tree: ReturnType<typeof countTree>;
    readonly unexpected: readonly string[];
  };

/** Added to every answer, as for the baselines: about what a registry on the same continent takes. */
export const LATENCY_MS = 20;

const CIP = ['cip', '--thin-manifest-dir'] as const;

const ARGS: Readonly<Record<Job, (folder: string) => readonly string[]>> = {
  dry: (folder) => [...CIP, folder, '--require-identity=false'],
  audit: (folder) => ['audit', '--thin-manifest-dir', folder, '--sign=false'],
  promote: (folder) => [...CIP, folder, '--confirm', '--sign=false'],
};

/** Measures one job on one tree. */
export function tree(
  size: TreeSize,
  job: Job,
  {
    google = true,
    cached,
    bare,
    shard,
    limits = {},
  }: {
    readonly google?: boolean;
    readonly cached?: boolean;
    readonly bare?: boolean;
    readonly shard?: string;
    readonly limits?: Limits;
  } = {},
): Scenario {
  return {
    limits,
    run: async (cli) => {
      const result = await runTree({ size, job, google, cached, bare, shard }, cli);
      const { requests, ...others } = result;
      const { figures, local, problems } = outcomeOf(shard === undefined ? result : others);
      // The ports of the registries are part of the names, so that a shard has other repositories in each run.
      if (shard !== undefined) return { figures, local: { ...local, requests }, problems };
      if (result.bare === undefined) return { figures, local, problems };
      const bareSeconds = result.bare.wallSeconds;
      return {
        figures: { ...figures, 'time / bare': round(result.wallSeconds / bareSeconds) },
        local: { ...local, bareSeconds },
        problems: [...problems, ...outcomeOf(result.bare).problems.map((problem) => `bare script: ${problem}`)],
      };
    },
  };
}

/** Measures a bare script that sends as many requests to each host as these counts say. */
function measureBare(hosts: readonly string[], counts: readonly Counts[]): Promise<Measured> {
  const script = join(import.meta.dirname, '..', 'bare', 'requests.ts');
  const numbers = hosts.map((host, index) => `${host}=${counts[index]?.requests ?? 0}`);
  return measure({ program: process.execPath, args: [script, ...numbers] });
}

/** Loads a tree into registries of another process, and measures the CLI at `cli` on it. */
export async function runTree(
  { size, job, google, cached = false, bare = false, shard }: TreeJob,
  cli: Cli,
): Promise<TreeResult> {
  const made = generateTree(size);
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  await using registries = await startRegistryProcess(registriesFor(made, { google, latencyMs: LATENCY_MS }));
  try {
    const [staging = '', ...mirrors] = registries.hosts;
    await writeTree(made, folder, staging, mirrors);
    const args = [
      ...ARGS[job](folder),
      ...(shard === undefined ? [] : [`--shard=${shard}`]),
      ...(cached ? [`--inventory-cache=${join(folder, 'kept')}`] : []),
    ];
    const program = { program: cli.program, args, env: { ...cli.env, HOME: folder } };
    if (cached) await measure(program);
    await registries.reset();
    const measured = await measure(program);
    const counts = await registries.counts();
    const unexpected = await registries.unexpected();
    return {
      ...measured,
      ...sum(counts),
      tree: countTree(made),
      unexpected,
      bare: bare ? await measureBare(registries.hosts, counts) : undefined,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Adds up what the registries counted. */
export function sum(all: readonly Counts[]): Traffic {
  const kinds: Record<string, number> = {};
  for (const counts of all)
    for (const [kind, count] of Object.entries(counts.kinds)) kinds[kind] = (kinds[kind] ?? 0) + count;
  const total = (of: (counts: Counts) => number): number => all.reduce((number, counts) => number + of(counts), 0);
  return {
    requests: total(({ requests }) => requests),
    kinds,
    connections: total(({ connections }) => connections),
    concurrency: Math.max(...all.map(({ concurrency }) => concurrency)),
  };
}
