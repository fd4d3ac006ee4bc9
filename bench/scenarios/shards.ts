import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRegistryProcess } from '../../test/support/registry/process.ts';
import { measure, round, type Cli, type Measured } from '../measure.ts';
import { outcomeOf, type Outcome, type Scenario } from '../scenario.ts';
import { writeTree } from '../tree-files.ts';
import { registriesFor } from '../tree-registries.ts';
import { generateTree, SIZES } from '../tree.ts';
import { LATENCY_MS, sum } from './tree.ts';

const COUNTS = [1, 2, 4] as const;

/** All shards together may send at most 2 % more requests than one run, and the largest has at most 1.2 shares. */
const LIMITS = Object.fromEntries(
  COUNTS.filter((count) => count > 1).flatMap((count) => [
    [`requests of ${count} / of 1`, { most: 1.02 }],
    [`largest of ${count} / mean`, { most: 1.2 }],
  ]),
);

/** Runs the full dry run in 1, 2 and 4 shards, one after the other, and compares the sums. */
export const shards: Scenario = { limits: LIMITS, run: runShards };

type Share = Measured & { readonly requests: number };

async function runShards(cli: Cli): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  const made = generateTree(SIZES.full);
  await using registries = await startRegistryProcess(registriesFor(made, { google: true, latencyMs: LATENCY_MS }));
  try {
    const [staging = '', ...mirrors] = registries.hosts;
    await writeTree(made, folder, staging, mirrors);
    const runOne = async (index: number, of: number): Promise<Share> => {
      await registries.reset();
      const args = ['cip', '--thin-manifest-dir', folder, '--require-identity=false', `--shard=${index}/${of}`];
      const measured = await measure({ program: cli.program, args, env: { ...cli.env, HOME: folder } });
      return { ...measured, requests: sum(await registries.counts()).requests };
    };
    const all = new Map<number, readonly Share[]>();
    for (const count of COUNTS) {
      const shares: Share[] = [];
      for (let index = 0; index < count; index += 1) shares.push(await runOne(index, count));
      all.set(count, shares);
    }
    return compared(all);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function compared(all: ReadonlyMap<number, readonly Share[]>): Outcome {
  const total = (shares: readonly Share[] = []): number => shares.reduce((all_, { requests }) => all_ + requests, 0);
  const single = total(all.get(1));
  const entries = [...all].filter(([count]) => count > 1);
  const ratios = entries.flatMap(([count, shares]) => [
    [`requests of ${count} / of 1`, round(total(shares) / single)] as const,
    [
      `largest of ${count} / mean`,
      round((Math.max(...shares.map(({ requests }) => requests)) * count) / total(shares)),
    ] as const,
  ]);
  const memory = [...all].map(
    ([count, shares]) => [`peakMiB of ${count}`, Math.max(...shares.map(({ peakMiB = 0 }) => peakMiB))] as const,
  );
  const seconds = [...all].map(
    ([count, shares]) =>
      [`slowest of ${count}, seconds`, Math.max(...shares.map(({ wallSeconds }) => wallSeconds))] as const,
  );
  return {
    figures: { requests: single, ...Object.fromEntries([...ratios, ...memory]) },
    local: Object.fromEntries(seconds),
    problems: [...all.values()].flat().flatMap((share) => outcomeOf(share).problems),
  };
}
