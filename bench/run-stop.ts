import { has, promote, until } from '../test/support/promotion/stopping.ts';
import { round, type Measured } from './measure.ts';

/**
 * Stops a promotion whose second mirror is silent on uploads and on their deletion, and measures the time from the
 * signal until the program has ended.
 */
export async function runStop(): Promise<Measured> {
  await using run = await promote({ kinds: { put: 'silent', deleteUpload: 'silent' }, names: ['small', 'large'] });
  await until(() => has(run.bad, 'put'));
  const start = performance.now();
  run.cli.process.kill('SIGTERM');
  const { code, stderr } = await run.cli.ended;
  const wallSeconds = round((performance.now() - start) / 1000);
  return { exit: code === 143 ? 0 : String(code), wallSeconds, lastWords: stderr.slice(-2000) };
}
