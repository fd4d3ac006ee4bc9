import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { TARGETS } from '../test/support/fuzz/targets.ts';

// node bench/fuzz.ts [--seconds=60] [--seed=1] [TARGET…]: feeds readers of foreign text with what fast-check makes, for so
// many seconds each. A target fails if its reader throws what is not said in words of ours, or takes longer on a large input
// than on a small one by more than its size tells. One line a target; exit code 1 if one failed.

const { values, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});

/** One unit of each text is repeated so often; what is linear takes no more than this factor longer, with room for noise. */
const [SMALL, LARGE, ROOM, FLOOR] = [2_000, 40_000, 8, 1_000];

let failed = 0;
for (const [name, { text, read }] of Object.entries(TARGETS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const took = (input: string): number => {
    const start = performance.now();
    read(input);
    return performance.now() - start;
  };
  const isLinear = (input: string): boolean => {
    const few = took(input.repeat(SMALL));
    const most = Math.max(FLOOR, (few * ROOM * LARGE) / SMALL);
    // something else may have had the processor once
    return took(input.repeat(LARGE)) <= most || took(input.repeat(LARGE)) <= most;
  };
  const limits = { seed: Number(values.seed), numRuns: Number.MAX_SAFE_INTEGER };
  const time = { interruptAfterTimeLimit: Number(values.seconds) * 500, markInterruptAsFailure: false };
  const results = [
    fc.check(
      fc.property(text, (input) => read(input)),
      { ...limits, ...time },
    ),
    fc.check(
      fc.property(
        text.filter((input) => input.length < 40),
        isLinear,
      ),
      { ...limits, ...time },
    ),
  ];
  for (const [index, result] of results.entries()) {
    const what = `${name}, ${index === 0 ? 'single texts' : 'repeated texts'}`;
    process.stdout.write(`${what}: ${result.numRuns} runs, ${result.failed ? 'FAILED' : 'ok'}\n`);
    if (!result.failed) continue;
    failed += 1;
    process.stdout.write(`${fc.defaultReportMessage(result)}\n`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
