import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdir, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const PROJECT = join(import.meta.dirname, '..', '..');

/** The program as users start it. */
export const KPROMO = join(PROJECT, 'bin', 'kpromo');

/** Where a command runs; of the environment it gets PATH and what is given here, never the user's credentials. */
type CliOptions = {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another copy of the program. */
  readonly program?: string;
};

/** How a command ended, and what it printed. */
export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** A command that is running. */
export type RunningCli = {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when stderr holds the text; rejects when the command ends without it. */
  printed(text: string): Promise<void>;
};

/**
 * Builds dist/ when the sources are newer, for tests that run without `npm test`, which has built it. Test files run
 * side by side: one builds, the others wait.
 */
export function ensureBuilt(): Promise<void> {
  return (built ??= build());
}

/** The sources do not change while tests run: one look is enough for a process. */
let built: Promise<void> | undefined;

async function build(): Promise<void> {
  await takeLock();
  try {
    const setup = [join(PROJECT, 'tools', 'setup.mjs')];
    const { status, stdout, stderr } = spawnSync(process.execPath, setup, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`building dist/ failed:\n${stdout}${stderr}`);
  } finally {
    await rmdir(LOCK);
  }
}

/** A build takes seconds, on a busy machine a minute: a lock of this age was left behind by a process that was killed. */
const STALE_MS = 300_000;

const LOCK = join(PROJECT, 'node_modules', '.kpromo-build-lock');

async function takeLock(): Promise<void> {
  for (;;) {
    const isTaken = await mkdir(LOCK).then(
      () => true,
      () => false,
    );
    if (isTaken) return;
    const other = await stat(LOCK).catch(() => undefined);
    if (other !== undefined && Date.now() - other.mtimeMs > STALE_MS) await rmdir(LOCK).catch(() => undefined);
    await setTimeout(50);
  }
}

/** V8 need not compile the program anew for each start: a sixth less processor time. */
const NODE_COMPILE_CACHE = join(PROJECT, 'node_modules', '.kpromo-compile-cache');

/** Starts the built CLI. */
export function startCli(args: readonly string[], { cwd, env = {}, program = KPROMO }: CliOptions): RunningCli {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const printed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stderr.includes(text)) resolve();
      };
      child.stderr.on('data', look);
      child.once('close', () => reject(new Error(`the command ended without printing ${text}`)));
      look();
    });
  return { process: child, ended, printed };
}

/** Runs the built CLI to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<Ended> {
  return startCli(args, options).ended;
}
