import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startDistributions } from '../../test/support/real-registries.ts';
import { buildImage, pushImage } from '../../test/support/registry/images.ts';
import { curlCopies } from '../copy/curl.ts';
import { measure, medianOf, round, type Cli, type Measured } from '../measure.ts';
import { writeManifests } from './large.ts';
import { outcomeOf, type Scenario } from '../scenario.ts';

/** One image of random layers; with more than 3 mirrors, to registries that throw the bytes away. */
type CopyJob = { readonly layers: number; readonly layerMiB: number; readonly mirrors: number };

type CopyResult = Measured & {
  /** The same bytes by curl, in turn with ours. */
  readonly curl: Measured;
  /** Processor time for each GiB that is written to a mirror, the main figure: other programs on the machine change it least. */
  readonly cpuSecondsPerGiB: { readonly ours: number; readonly curl: number };
  /** The median of the pairs. `speed`: ours as a fraction of curl's; `cpu`: ours as a multiple of curl's. */
  readonly ratios: { readonly speed: number; readonly cpu: number };
};

type Pair = { readonly ours: Measured; readonly curl: Measured };

/** One pair warms the caches of the machine and is not counted. */
const PAIRS = 4;

/** More mirrors than this are sinks: real registries would all write to the disk of this machine. */
const MOST_REAL = 3;

/** At least 0.9 of the speed of curl on the same path. */
const LIMITS = { 'speed / curl': { least: 0.9 }, peakMiB: { most: 200 } } as const;

/** Measures the copy of one large image beside curl. */
export function copy(job: CopyJob): Scenario {
  return {
    limits: LIMITS,
    run: async (cli) => {
      const { curl, cpuSecondsPerGiB, ratios, ...ours } = await runCopy(job, cli);
      const { figures, local, problems } = outcomeOf(ours);
      return {
        figures: { ...figures, 'speed / curl': ratios.speed, 'cpu / curl': ratios.cpu },
        local: { ...local, curlSeconds: curl.wallSeconds, cpuSecondsPerGiB: cpuSecondsPerGiB.ours },
        problems: [...problems, ...outcomeOf(curl).problems.map((problem) => `curl: ${problem}`)],
      };
    },
  };
}

/** Copies one large image beside curl, from a distribution server to distribution servers or to sinks. */
async function runCopy({ layers, layerMiB, mirrors }: CopyJob, cli: Cli): Promise<CopyResult> {
  const isReal = mirrors <= MOST_REAL;
  const servers = await startDistributions(isReal ? mirrors + 1 : 1);
  const [source, ...real] = servers.map(({ address }) => address);
  await using sinks = isReal ? undefined : await startSinks(mirrors);
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  try {
    const targets = sinks?.addresses ?? real;
    const image = buildImage({ seed: 1, layers: Array.from({ length: layers }, () => layerMiB * 1024 * 1024) });
    const { digest } = await pushImage(`http://${source}`, 'staging/large', image, ['v1']);
    const blobs = image.blobs.map(({ descriptor }) => descriptor).filter(({ size }) => size === layerMiB * 1024 * 1024);
    const pairs: Pair[] = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const curl = await curlCopies({
        source: `http://${source}/v2/staging/large`,
        digests: blobs.map((blob) => blob.digest),
        targets: targets.map((target) => `http://${target}/v2/curl-${pair}/large`),
      });
      await writeManifests(
        folder,
        `${source}/staging`,
        targets.map((target) => `${target}/ours-${pair}`),
        digest,
      );
      const args = ['cip', '--thin-manifest-dir', folder, '--confirm', '--sign=false'];
      const ours = await measure({ program: cli.program, args, env: { ...cli.env, HOME: folder } });
      pairs.push({ ours, curl });
    }
    return summary(pairs.slice(1), (layers * layerMiB * mirrors) / 1024);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

function summary(pairs: readonly Pair[], gib: number): CopyResult {
  const failed = pairs.find(({ ours, curl }) => ours.exit !== 0 || curl.exit !== 0);
  const [last] = failed === undefined ? pairs.slice(-1) : [failed];
  if (last === undefined) throw new Error('nothing was run');
  const cpuOf = (of: (pair: Pair) => Measured): number => medianOf(pairs.map((pair) => of(pair).cpuSeconds ?? 0));
  return {
    ...last.ours,
    curl: last.curl,
    cpuSecondsPerGiB: { ours: round(cpuOf(({ ours }) => ours) / gib), curl: round(cpuOf(({ curl }) => curl) / gib) },
    ratios: {
      speed: round(medianOf(pairs.map(({ ours, curl }) => curl.wallSeconds / ours.wallSeconds))),
      cpu: round(medianOf(pairs.map(({ ours, curl }) => (ours.cpuSeconds ?? 0) / (curl.cpuSeconds ?? 1)))),
    },
  };
}

/** Starts registries that throw blobs away, in another process. */
async function startSinks(count: number): Promise<AsyncDisposable & { readonly addresses: readonly string[] }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'copy', 'sink.ts'), String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return {
    addresses: JSON.parse(line) as string[],
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
