import { isDeepStrictEqual, parseArgs } from 'node:util';
import { openChaos, undisturbed } from '../test/support/promotion/chaos-run.ts';
import type { Snapshot } from '../test/support/registry/snapshot.ts';

// node bench/chaos.ts [--from=1] [--to=200] [--together=4]: promotes while everything goes wrong now and then, once for
// each seed; one line a seed on stderr, one JSON document on stdout; exit code 1 when a seed failed. A seed repeats its faults.

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
  const took = Math.round(performance.now() - start);
  milliseconds.push(took);
  process.stderr.write(`seed ${seed}: ${isRight ? 'ok' : `FAILED with exit code ${code}`} in ${took} ms\n`);
  if (isRight) return;
  failed.push(seed);
  const last = stderr.split('\n').slice(-LAST_LINES);
  process.stderr.write(`${[...last, ...unexpected].join('\n')}\n`);
}

const wanted = await undisturbed();
let next = from;
const work = async (): Promise<void> => {
  while (next <= to) await runSeed(next++, wanted);
};
await Promise.all(Array.from({ length: together }, work));

const seeds = to - from + 1;
const slowest = Math.max(...milliseconds);
process.stdout.write(`${JSON.stringify({ seeds, failed: failed.toSorted((a, b) => a - b), slowest, happened })}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
