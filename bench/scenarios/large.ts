import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../test/support/programs.ts';
import { startDistributions } from '../../test/support/real-registries.ts';
import { buildImage, pushImage } from '../../test/support/registry/images.ts';
import { measure, type Cli, type Measured, round } from '../measure.ts';
import { outcomeOf, type Outcome, type Scenario } from '../scenario.ts';

/** One image of random layers between real registries. */
type LargeJob = { readonly layers: number; readonly layerMiB: number; readonly mirrors: number };

type LargeResult = Measured & {
  /** The same copies by crane on this machine, one mirror after the other; undefined where crane is not here. */
  readonly crane?: Measured;
};

/** The first run warms the machine's caches; the baselines are second runs, too. */
const RUNS = ['first', 'second'] as const;

/** Measures the copy of one large image, and the same copy by crane. */
export function large(job: LargeJob): Scenario {
  return { run: async (cli) => outcomeOfCopies(await runLarge(job, cli)) };
}

function outcomeOfCopies({ crane, ...ours }: LargeResult): Outcome {
  const { figures, local, problems } = outcomeOf(ours);
  if (crane === undefined) return { figures, local, problems };
  return {
    figures: { ...figures, 'time / crane': round(ours.wallSeconds / crane.wallSeconds) },
    local: { ...local, craneSeconds: crane.wallSeconds },
    problems: [...problems, ...outcomeOf(crane).problems.map((problem) => `crane: ${problem}`)],
  };
}

/** Copies one large image between distribution servers, with the CLI at `cli` and with crane. */
async function runLarge({ layers, layerMiB, mirrors }: LargeJob, cli: Cli): Promise<LargeResult> {
  const servers = await startDistributions(mirrors + 1);
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  try {
    const [staging = '', ...targets] = servers.map(({ address }) => address);
    const image = buildImage({ seed: 1, layers: Array.from({ length: layers }, () => layerMiB * 1024 * 1024) });
    const { digest } = await pushImage(`http://${staging}`, 'staging/large', image, ['v1']);
    let result: LargeResult | undefined;
    for (const run of RUNS) {
      await writeManifests(
        folder,
        `${staging}/staging`,
        targets.map((target) => `${target}/ours-${run}`),
        digest,
      );
      const args = ['cip', '--thin-manifest-dir', folder, '--confirm', '--sign=false'];
      const ours = await measure({ program: cli.program, args, env: { ...cli.env, HOME: folder } });
      const crane = await craneCopies(
        `${staging}/staging/large@${digest}`,
        targets.map((target) => `${target}/crane-${run}/large:v1`),
      );
      result = { ...ours, ...(crane !== undefined && { crane }) };
    }
    if (result === undefined) throw new Error('nothing was run');
    return result;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes the manifests of one image that is copied to these destinations. */
export async function writeManifests(
  folder: string,
  source: string,
  destinations: readonly string[],
  digest: string,
): Promise<void> {
  for (const name of ['manifests/large', 'images/large']) await mkdir(join(folder, name), { recursive: true });
  const registries = [`- name: ${source}\n  src: true\n`, ...destinations.map((name) => `- name: ${name}\n`)];
  await writeFile(join(folder, 'manifests/large/promoter-manifest.yaml'), `registries:\n${registries.join('')}`);
  await writeFile(join(folder, 'images/large/images.yaml'), `- name: large\n  dmap:\n    "${digest}": ["v1"]\n`);
}

async function craneCopies(source: string, targets: readonly string[]): Promise<Measured | undefined> {
  const crane = findProgram('crane');
  if (!('path' in crane)) return undefined;
  const runs: Measured[] = [];
  for (const target of targets)
    runs.push(await measure({ program: crane.path, args: ['copy', source, target], env: { HOME: '/nonexistent' } }));
  const failed = runs.find(({ exit }) => exit !== 0);
  return {
    exit: 0,
    wallSeconds: round(runs.reduce((sum, run) => sum + run.wallSeconds, 0)),
    cpuSeconds: round(runs.reduce((sum, run) => sum + (run.cpuSeconds ?? 0), 0)),
    peakMiB: Math.max(...runs.map(({ peakMiB = 0 }) => peakMiB)),
    ...(failed !== undefined && { exit: failed.exit, lastWords: failed.lastWords ?? '' }),
  };
}
