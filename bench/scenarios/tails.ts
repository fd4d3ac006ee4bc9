import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RandomFault } from '../../test/support/registry/faults.ts';
import { startRegistryProcess, type PlainOptions, type RegistryProcess } from '../../test/support/registry/process.ts';
import { runStopped, UNHARMED } from '../../test/support/stopped-process.ts';
import { measure, round, type Cli, type Measured } from '../measure.ts';
import { LATENCY_MS, sum } from './tree.ts';
import { writeTree } from '../tree-files.ts';
import { registriesFor } from '../tree-registries.ts';
import { outcomeOf, type Outcome, type Scenario } from '../scenario.ts';
import { generateTree, type TreeSize } from '../tree.ts';

/** 2,640 repositories on 22 hosts: the run of which 1 % silent requests once made a minute and a half. */
const SIZE: TreeSize = { projects: 30, images: 4, versions: 10, mirrors: 21, pending: 0 };

const SILENT: RandomFault = { share: 0.01, seed: 7, fault: 'silent' };

/** A promotion with nothing to do while 1 % of the requests are never answered, beside the undisturbed one. */
export const tailsSilent: Scenario = {
  // Without hedging, one silent request in a hundred takes 28 times as long; hedging may add one request in fifty.
  limits: { ratio: { most: 3 }, extraPercent: { most: 2 } },
  run: runSilent,
};

/** A promotion that is stopped in its middle for longer than every timeout. */
export const tailsStop: Scenario = {
  // Time in which the program could not run is not counted as silence of a registry.
  limits: { failed: { most: 0 } },
  run: runStoppedInTheMiddle,
};

async function runSilent(cli: Cli): Promise<Outcome> {
  const [calm, silent] = [await noop(cli, {}), await noop(cli, { randomFault: SILENT })];
  const ratio = round(silent.wallSeconds / calm.wallSeconds);
  const extraPercent = round((100 * (silent.requests - calm.requests)) / calm.requests);
  return {
    figures: { ratio, extraPercent },
    local: { undisturbedSeconds: calm.wallSeconds, wallSeconds: silent.wallSeconds },
    problems: [...outcomeOf(calm).problems, ...outcomeOf(silent).problems],
  };
}

async function noop(cli: Cli, options: PlainOptions): Promise<Measured & { readonly requests: number }> {
  return onTree(options, async (folder, registries) => {
    const measured = await measure({ program: cli.program, args: argsFor(folder), env: { ...cli.env, HOME: folder } });
    return { ...measured, requests: sum(await registries.counts()).requests };
  });
}

/** How long a machine sleeps or a scheduler stops a process: longer than every timeout. In milliseconds. */
const STOP = 75_000;

/** A share of the requests: the run is stopped in its middle. */
const MIDDLE = 800;

/**
 * Stops a run in its middle for 75 s, and a process of its own computes for 5 s while it is answered. Counts the requests
 * that a timeout ended. Requests whose connection the server closed are not counted: it got none of their bytes in 60 s.
 */
async function runStoppedInTheMiddle(cli: Cli): Promise<Outcome> {
  const starved = await runStopped({ how: 'computes', ms: 5000, timeout: 2000 });
  const hurt = UNHARMED.outcomes.filter((outcome, index) => outcome !== starved.outcomes[index]).length;
  const stopped = await onTree({}, async (folder, registries) => {
    const events = join(folder, 'events.jsonl');
    const start = performance.now();
    const child = spawn(cli.program, [...argsFor(folder), '--events', events, '--log-level=trace'], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], ...cli.env, HOME: folder },
    });
    const ended = new Promise<number | string>((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    while (sum(await registries.counts()).requests < MIDDLE) await sleep(5);
    child.kill('SIGSTOP');
    await sleep(STOP);
    child.kill('SIGCONT');
    const exit = await ended;
    const wallSeconds = round((performance.now() - start) / 1000);
    const lines = (await readFile(events, 'utf8')).trimEnd().split('\n');
    const requests = lines.map((line) => JSON.parse(line) as Event).filter(({ type }) => type === 'request');
    const failures = requests.filter(({ error }) => error !== undefined && BY_TIME.has(error));
    const closed = requests.filter(({ error }) => error === 'NETWORK').length;
    process.stderr.write(`${closed} connections closed by the server and opened again\n`);
    const lastWords = failures.map(({ url, error }) => `${url}: ${error}`).join('; ');
    return { exit, wallSeconds, requests: requests.length, failed: failures.length, lastWords };
  });
  return {
    figures: { failed: stopped.failed + hurt },
    local: { wallSeconds: stopped.wallSeconds, requests: stopped.requests },
    problems: outcomeOf(stopped).problems,
  };
}

const BY_TIME: ReadonlySet<string> = new Set(['TIMEOUT', 'STALLED', 'TOO_SLOW']);

type Event = { readonly type: string; readonly url?: string; readonly error?: string };

function argsFor(folder: string): readonly string[] {
  return ['cip', '--thin-manifest-dir', folder, '--confirm', '--sign=false'];
}

async function onTree<T>(
  options: PlainOptions,
  work: (folder: string, registries: RegistryProcess) => Promise<T>,
): Promise<T> {
  const tree = generateTree(SIZE);
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  const spec = registriesFor(tree, { google: true, latencyMs: LATENCY_MS, ...options });
  // The silent requests of each registry are others.
  const registries = spec.registries.map((registry, index) => ({
    ...registry,
    options: seeded(registry.options, index),
  }));
  await using running = await startRegistryProcess({ ...spec, registries });
  try {
    const [staging = '', ...mirrors] = running.hosts;
    await writeTree(tree, folder, staging, mirrors);
    return await work(folder, running);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function seeded(options: PlainOptions = {}, index: number): PlainOptions {
  const { randomFault } = options;
  if (randomFault === undefined) return options;
  return { ...options, randomFault: { ...randomFault, seed: randomFault.seed + index } };
}
