import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What one process needed. CPU and peak memory are undefined where there is no /proc. */
export type Measured = {
  readonly exit: number | string;
  readonly wallSeconds: number;
  readonly cpuSeconds?: number;
  readonly peakMiB?: number;
  /** The end of what it wrote to stderr, when it failed. */
  readonly lastWords?: string;
};

export type Program = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

/** What is measured: a kpromo to start, as a user would, with what its environment has besides. */
export type Cli = { readonly program: string; readonly env: Readonly<Record<string, string>> };

/** Both values only grow, so a sample is at most this much behind the end of the process. */
const SAMPLE_MS = 20;

/** /proc counts CPU time in ticks of USER_HZ, which Linux fixes at 100 a second for programs. */
const TICKS_PER_SECOND = 100;

const LAST_WORDS = 2000;

/** Runs a program to its end and measures it from outside, so that any program can be compared. */
export async function measure({ program, args, env = {} }: Program): Promise<Measured> {
  const start = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  });
  let lastWords = '';
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-LAST_WORDS);
  });
  let over = false;
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  }).finally(() => {
    over = true;
  });
  let usage: Usage = {};
  const sampling = (async () => {
    while (!over) {
      usage = (await usageOf(child.pid)) ?? usage;
      await sleep(SAMPLE_MS);
    }
  })();
  const exit = await ended;
  const wallSeconds = round((performance.now() - start) / 1000);
  await sampling;
  return { exit, wallSeconds, ...usage, ...(exit !== 0 && { lastWords }) };
}

type Usage = Pick<Measured, 'cpuSeconds' | 'peakMiB'>;

// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: fields 14 and 15, after a name that may hold spaces
async function usageOf(pid: number | undefined): Promise<Usage | undefined> {
  try {
    const [status, stat] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    const peak = /^VmHWM:\s*(\d+) kB/m.exec(status)?.[1];
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    // A process that has just ended has no memory left to tell of.
    return peak === undefined
      ? undefined
      : { peakMiB: Math.round(Number(peak) / 1024), cpuSeconds: ticks / TICKS_PER_SECOND };
  } catch {
    return undefined;
  }
}

/** Two decimals: more would be noise. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Returns the middle value, or the mean of the two in the middle; 0 without values. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return (low + high) / 2;
}
