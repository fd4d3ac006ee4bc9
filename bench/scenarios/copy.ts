import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { curlCopies } from '../copy/curl.ts';
import type { Source } from '../copy/source.ts';
import { measure, medianOf, round, type Cli, type Measured } from '../measure.ts';
import { writeManifests } from './large.ts';
import { outcomeOf, type Scenario } from '../scenario.ts';

/** One image of random layers, to registries that discard the bytes. */
type CopyJob = {
  readonly layers: number;
  readonly layerMiB: number;
  readonly mirrors: number;
  /**
   * The speed of the link to the source, and of the one link to all mirrors, in Gbit/s: what the machine of a user has.
   * Default: no limit, so that the processors of this machine are what is shared.
   */
  readonly gbit?: number;
};

type CopyResult = Measured & {
  /** The same bytes by curl, in turn with ours. */
  readonly curl: Measured;
  /** The most reads of a layer at the source in one of the runs. */
  readonly reads: number;
  /** Processor time for each GiB that is written to a mirror, the main figure: other programs on the machine change it least. */
  readonly cpuSecondsPerGiB: { readonly ours: number; readonly curl: number };
  /** The median of the pairs. `speed`: ours as a fraction of curl's; `cpu`: ours as a multiple of curl's. */
  readonly ratios: { readonly speed: number; readonly cpu: number };
};

/** `reads`: how often ours read each layer at the source. */
type Pair = { readonly ours: Measured; readonly curl: Measured; readonly reads: number };

/** Counted pairs; one more before them warms the caches of the machine. */
const PAIRS = 3;

/** At least 0.9 of the speed of curl on the same path. */
const LIMITS = { 'speed / curl': { least: 0.9 }, peakMiB: { most: 200 }, 'reads / layer': { most: 1 } } as const;

/** Measures the copy of one large image beside curl. */
export function copy(job: CopyJob): Scenario {
  return {
    limits: LIMITS,
    run: async (cli) => {
      const { curl, reads, cpuSecondsPerGiB, ratios, ...ours } = await runCopy(job, cli);
      const { figures, local, problems } = outcomeOf(ours);
      return {
        figures: { ...figures, 'speed / curl': ratios.speed, 'cpu / curl': ratios.cpu, 'reads / layer': reads },
        local: {
          ...local,
          curlSeconds: curl.wallSeconds,
          cpuSecondsPerGiB: cpuSecondsPerGiB.ours,
          curlCpuSecondsPerGiB: cpuSecondsPerGiB.curl,
        },
        problems: [...problems, ...outcomeOf(curl).problems.map((problem) => `curl: ${problem}`)],
      };
    },
  };
}

/** Copies one large image beside curl, from a source to sinks that cost little themselves. */
async function runCopy({ layers, layerMiB, mirrors, gbit = 0 }: CopyJob, cli: Cli): Promise<CopyResult> {
  await using sourceServer = await startServer('source', layers, layerMiB, gbit);
  await using sinks = await startServer('sink', mirrors, gbit);
  const { address, digest, layers: digests } = sourceServer.printed as Source;
  const addresses = sinks.printed as readonly string[];
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  try {
    const pairs: Pair[] = [];
    for (let pair = 0; pair <= PAIRS; pair += 1) {
      const curl = await curlCopies({
        source: `http://${address}/v2/staging/large`,
        digests,
        size: layerMiB * 1024 * 1024,
        targets: addresses.map((target) => `http://${target}/v2/curl-${pair}/large`),
      });
      await writeManifests(
        folder,
        `${address}/staging`,
        addresses.map((target) => `${target}/ours-${pair}`),
        digest,
      );
      const args = ['cip', '--thin-manifest-dir', folder, '--confirm', '--sign=false'];
      const before = await readsOf(address);
      const ours = await measure({ program: cli.program, args, env: { ...cli.env, HOME: folder } });
      pairs.push({ ours, curl, reads: ((await readsOf(address)) - before) / layers });
    }
    return summary(pairs.slice(1), (layers * layerMiB * mirrors) / 1024);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readsOf(source: string): Promise<number> {
  return (await (await fetch(`http://${source}/reads`)).json()) as number;
}

function summary(pairs: readonly Pair[], gib: number): CopyResult {
  const failed = pairs.find(({ ours, curl }) => ours.exit !== 0 || curl.exit !== 0);
  const [last] = failed === undefined ? pairs.slice(-1) : [failed];
  if (last === undefined) throw new Error('nothing was run');
  const cpuOf = (of: (pair: Pair) => Measured): number => medianOf(pairs.map((pair) => of(pair).cpuSeconds ?? 0));
  return {
    ...last.ours,
    curl: last.curl,
    reads: Math.max(...pairs.map(({ reads }) => reads)),
    cpuSecondsPerGiB: { ours: round(cpuOf(({ ours }) => ours) / gib), curl: round(cpuOf(({ curl }) => curl) / gib) },
    ratios: {
      speed: round(medianOf(pairs.map(({ ours, curl }) => curl.wallSeconds / ours.wallSeconds))),
      cpu: round(medianOf(pairs.map(({ ours, curl }) => (ours.cpuSeconds ?? 0) / (curl.cpuSeconds ?? 1)))),
    },
  };
}

/** Starts `copy/NAME.ts` in another process and returns the JSON that it printed. */
async function startServer(
  name: string,
  ...args: readonly number[]
): Promise<AsyncDisposable & { readonly printed: unknown }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'copy', `${name}.ts`), ...args.map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return {
    printed: JSON.parse(line) as unknown,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
