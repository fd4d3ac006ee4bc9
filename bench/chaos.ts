import { isDeepStrictEqual, parseArgs } from 'node:util';
import fc from 'fast-check';
import { hash } from '../test/support/promotion/chaos.ts';
import { openChaos, undisturbed } from '../test/support/promotion/chaos-run.ts';
import { openQuota } from '../test/support/promotion/quota-run.ts';
import { cases, check } from '../test/support/promotion/random-faults.ts';
import type { Snapshot } from '../test/support/registry/snapshot.ts';

// node bench/chaos.ts [--from=1] [--to=200] [--together=4]: promotes while everything goes wrong now and then, once for
// each seed, which repeats its faults. For each seed it also makes registries refuse, lie or die, and holds what every
// output says against what they hold. Then it compares a run in which 2 % of the answers are 500 with an undisturbed one.
// One line a seed on stderr, one JSON document on stdout; exit code 1 if a seed failed, if outputs disagreed, or if the last
// run took more than twice as long.

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    to: { type: 'string', default: '200' },
    together: { type: 'string', default: '4' },
  },
});
const [from, to, together] = [Number(values.from), Number(values.to), Number(values.together)];

/** Of every twenty requests one goes wrong, as in the test. */
const SHARE = 0.05;

/** How much of a failed run's output is shown: its summary. */
const LAST_LINES = 40;

const failed: number[] = [];
const disagreed: number[] = [];
const happened: Record<string, number> = {};
const milliseconds: number[] = [];

async function runSeed(seed: number, wanted: readonly Snapshot[]): Promise<void> {
  const start = performance.now();
  await using world = await openChaos({ seed, share: SHARE, lastMirror: 'goes and comes back' });
  const { code, stderr } = await world.run();
  const registries = [world.staging, ...world.mirrors];
  const unexpected = registries.flatMap((registry) => registry.now().unexpected);
  const isRight = code === 0 && isDeepStrictEqual(world.snapshots(), wanted) && unexpected.length === 0;
  for (const registry of registries) {
    for (const [kind, times] of registry.happened) happened[kind] = (happened[kind] ?? 0) + times;
  }
  const [given] = fc.sample(cases, { seed, numRuns: 1 });
  const told = given === undefined ? ['there is no case'] : await check(given);
  if (told.length > 0) {
    disagreed.push(seed);
    process.stderr.write(`seed ${seed}: outputs disagree in ${JSON.stringify(given)}\n${told.join('\n')}\n`);
  }
  const took = Math.round(performance.now() - start);
  milliseconds.push(took);
  process.stderr.write(`seed ${seed}: ${isRight ? 'ok' : `FAILED with exit code ${code}`} in ${took} ms\n`);
  if (isRight) return;
  failed.push(seed);
  const last = stderr.split('\n').slice(-LAST_LINES);
  process.stderr.write(`${[...last, ...unexpected].join('\n')}\n`);
}

/** Milliseconds on the clock, and requests, of a promotion in which this share of the answers is 500. */
async function withErrors(errors: number): Promise<{ readonly ms: number; readonly requests: number }> {
  await using world = await openQuota({ mirrors: 2, images: 200, speed: 5 });
  const all = [world.staging, ...world.mirrors];
  for (const [index, registry] of all.entries()) {
    registry.inject(({ kind, nth }) => (hash(`500 ${index} ${kind} ${nth}`) < errors ? { status: 500 } : undefined));
  }
  const { code, ms, stderr } = await world.run();
  if (code !== 0) throw new Error(`the run with ${errors * 100} % of 500s failed:\n${stderr}`);
  return { ms, requests: all.reduce((sum, { counters }) => sum + counters.counts().requests, 0) };
}

const wanted = await undisturbed();
let next = from;
const work = async (): Promise<void> => {
  while (next <= to) await runSeed(next++, wanted);
};
await Promise.all(Array.from({ length: together }, work));

const [calm, failing] = [await withErrors(0), await withErrors(0.02)];
const slowdown = { time: failing.ms / calm.ms, requests: failing.requests / calm.requests };
const seeds = to - from + 1;
const slowest = Math.max(...milliseconds);
const numbers = failed.toSorted((a, b) => a - b);
process.stdout.write(`${JSON.stringify({ seeds, failed: numbers, disagreed, slowest, happened, slowdown })}\n`);
process.exitCode = failed.length + disagreed.length > 0 || slowdown.time > 2 ? 1 : 0;
