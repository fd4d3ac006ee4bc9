import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ATTACKS, type Attack } from '../../test/support/hostile/attacks.ts';
import { startHostile } from '../../test/support/hostile/server.ts';
import { writeTree } from '../../test/support/promotion/tree.ts';
import { digestOf, startWorld } from '../../test/integration/uses/world.ts';
import { measure, type Cli, type Measured, round } from '../measure.ts';
import { outcomeOf, type Scenario } from '../scenario.ts';

/** What a run may take against a registry that lies. */
const [MOST_SECONDS, MOST_MIB] = [60, 400];

/** Promotes beside every hostile registry. */
export const hostile: Scenario = { run: async (cli) => outcomeOf(await runHostile(cli)) };

/**
 * Promotes an honest project beside one whose registry attacks, once for each attack, each in a process of its own; prints
 * what each run took. Fails where one took too long or too much, or where the honest project was not promoted.
 */
async function runHostile(cli: Cli): Promise<Measured> {
  const start = performance.now();
  const failed: string[] = [];
  process.stderr.write('\n');
  let peakMiB = 0;
  for (const [name, open] of Object.entries(ATTACKS)) {
    const { measured, problems } = await runAttack(open(), cli);
    peakMiB = Math.max(peakMiB, measured.peakMiB ?? 0);
    const verdict = problems.length === 0 ? 'ok' : `FAILED: ${problems.join('; ')}`;
    process.stderr.write(`  ${name.padEnd(48)}${measured.wallSeconds} s, ${measured.peakMiB} MiB, ${verdict}\n`);
    if (problems.length > 0) failed.push(name);
  }
  const wallSeconds = round((performance.now() - start) / 1000);
  return { exit: failed.length === 0 ? 0 : 1, wallSeconds, peakMiB, lastWords: failed.join('; ') };
}

async function runAttack(
  attack: Attack,
  cli: Cli,
): Promise<{ readonly measured: Measured; readonly problems: readonly string[] }> {
  await using world = await startWorld();
  await using evil = await startHostile(attack.answer);
  const projects = [world.project('honest', { v1: digestOf(1) }), ...attack.projects(world, evil.host)];
  await using tree = await writeTree(projects);
  const home = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  try {
    const args = ['cip', '--manifests', tree.path, '--confirm', '--sign=false'];
    const measured = await measure({ program: cli.program, args, env: { ...cli.env, HOME: home } });
    const isPromoted = world.tagsOn('prod/app').every(({ v1 }) => v1 === digestOf(1));
    const problems = [
      ...(measured.exit === attack.exit ? [] : [`exit ${measured.exit}`]),
      ...(measured.wallSeconds <= MOST_SECONDS ? [] : [`more than ${MOST_SECONDS} s`]),
      ...((measured.peakMiB ?? 0) <= MOST_MIB ? [] : [`more than ${MOST_MIB} MiB`]),
      ...(isPromoted ? [] : ['the honest project was not promoted']),
    ];
    return { measured, problems };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
