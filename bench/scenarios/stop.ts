import { has, inProcess, promote, until } from '../../test/support/promotion/stopping.ts';
import { round, type Measured } from '../measure.ts';
import { outcomeOf, type Scenario } from '../scenario.ts';

/** Measures how soon a stopped promotion ends. */
export const stop: Scenario = { run: async () => outcomeOf(await runStop()) };

/**
 * Stops a promotion whose second mirror is silent on uploads and on their deletion, and measures the time from the
 * signal until the program has ended.
 */
async function runStop(): Promise<Measured> {
  const kinds = { put: 'silent', deleteUpload: 'silent' } as const;
  await using run = await promote({ kinds, names: ['small', 'large'] }, {}, inProcess);
  await until(() => has(run.bad, 'put'));
  const start = performance.now();
  run.send('SIGTERM');
  const { code, stderr } = await run.ended;
  const wallSeconds = round((performance.now() - start) / 1000);
  return { exit: code === 143 ? 0 : String(code), wallSeconds, lastWords: stderr.slice(-2000) };
}
