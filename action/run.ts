// Runs `kpromo cip` with the inputs of the action, and ends with its exit code. Outputs: `exit-code`, `plan` and `report`.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { checkEvent, prowVariables, readEvent } from './event.ts';
import { words } from './words.ts';
import { annotate, bool, messageOf, required, setOutputs, type Env } from './workflow.ts';

/** The exit codes of docs/jobs.md. */
const PENDING = 2;
const MAY_PASS = 75;

type Files = { readonly plan: string; readonly report: string };

type Command = { readonly args: readonly string[]; readonly env: Env };

/** Returns the command line of the inputs. Throws if an input is invalid or does not fit the event. */
function commandOf(env: Env, { plan, report }: Files, confirm: boolean): Command {
  const manifests = required(env, 'KPROMO_ACTION_MANIFESTS');
  const further = words(env['KPROMO_ACTION_ARGS'] ?? '');
  const event = readEvent(env);
  checkEvent(event, confirm);
  const prow = prowVariables(event, manifests);
  // After a merge the whole tree is compared, so that what an earlier job left undone is done.
  const isUnmerged = 'PULL_BASE_SHA' in prow;
  const hasDiff = further.some((word) => /^--?manifest-diff-since(?:=|$)/.test(word));
  const args = [
    'cip',
    `--manifests=${manifests}`,
    `--report=${plan}`,
    `--report=${report}`,
    '--detailed-exitcode',
    ...(confirm ? ['--confirm'] : ['--dry-run', '--require-identity=false']),
    ...(isUnmerged && !hasDiff ? ['--use-prow-manifest-diff'] : []),
    // last, because the last value of a flag counts
    ...further,
  ];
  return { args, env: { ...prow, ...env } };
}

/** Runs kpromo, hands on the signals of a cancelled job, and returns its exit code. */
function run(program: string, { args, env }: Command): Promise<number> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // a shell reports the end by a signal in the same way
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

/** Returns the exit code of the step: a dry run with pending images is a success. */
async function main(env: Env): Promise<number> {
  const folder = mkdtempSync(join(required(env, 'RUNNER_TEMP'), 'kpromo-run-'));
  const files: Files = { plan: join(folder, 'plan.md'), report: join(folder, 'report.json') };
  let code = 1;
  try {
    const confirm = bool(env, 'confirm');
    code = await run(required(env, 'KPROMO_ACTION_PROGRAM'), commandOf(env, files, confirm));
    if (code === MAY_PASS)
      annotate('error', 'all problems may pass (a quota, the network, a service): run the job again');
    return code === PENDING && !confirm ? 0 : code;
  } catch (error) {
    annotate('error', messageOf(error));
    return code;
  } finally {
    const written = Object.entries(files).filter(([, path]) => existsSync(path));
    setOutputs(env, { 'exit-code': String(code), ...Object.fromEntries(written) });
  }
}

process.exitCode = await main(process.env);
