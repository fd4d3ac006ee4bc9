import { Readable, Writable } from 'node:stream';
import type { main } from '../../../src/cli/main.ts';
import { patientClock } from '../patient-clock.ts';

/** What one run of `kpromo cip` left: its exit code, and what it printed. */
export type CipRun = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The log, one `level message` a line. */
  readonly log: readonly string[];
  /** What stands between the log and the fatal line. */
  readonly summary: string;
};

export type CipOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** What the user types; nothing by default. */
  readonly stdin?: string;
  /** How fast its clock runs; 10 by default. */
  readonly speed?: number;
  /** How far its clock is behind the registries', in milliseconds; not at all by default. */
  readonly behind?: number;
};

/** A run begins at 60 requests a second: ten times as fast, tests do not wait for the limiter to find out more. */
export const TEST_SPEED = 10;

/** Runs `kpromo cip` in this process, over real HTTP; a dry run as the check of a pull request, which has no identity. */
export function cip(args: readonly string[], options: CipOptions = {}): Promise<CipRun> {
  const isDryRun = !args.some((arg) => NO_DRY_RUN.test(arg));
  return kpromo(['cip', ...args, ...(isDryRun ? ['--require-identity=false'] : [])], options);
}

/** What makes a command line something else than a dry run, or says itself who signs. */
const NO_DRY_RUN = /^(?:--(?:confirm|snapshot|manifest-based-snapshot-of|require-identity)|replicate-signatures)/;

/** The program: that of the sources, or with KPROMO_TEST_BUNDLE=1 the built one, which is in the package. */
const program = (await (process.env['KPROMO_TEST_BUNDLE'] === '1'
  ? import(new URL('../../../dist/cli/main.js', import.meta.url).href)
  : import('../../../src/cli/main.ts'))) as { readonly main: typeof main };

/** Runs any command of the program in this process. */
export async function kpromo(args: readonly string[], options: CipOptions = {}): Promise<CipRun> {
  const [out, err] = [collector(), collector()];
  const { behind = 0 } = options;
  const clock = patientClock(options.speed ?? TEST_SPEED);
  const code = await program.main(args, {
    env: { HOME: '/nonexistent', ...options.env },
    stdout: out.stream,
    stdin: Readable.from([options.stdin ?? '']),
    stderr: err.stream,
    clock: { ...clock, now: () => clock.now() - behind },
    signal: options.signal ?? new AbortController().signal,
  });
  const stderr = err.text();
  const lines = stderr.split('\n');
  const isLog = (line: string): boolean => line.startsWith('time="');
  return {
    code,
    stdout: out.text(),
    stderr,
    log: lines.filter(isLog).map(plain),
    summary: lines
      .filter((line) => !isLog(line))
      .join('\n')
      .trim(),
  };
}

function plain(line: string): string {
  const [, level = '', message = ''] = /^time="[^"]*" level=(\w+) msg=(.*)$/.exec(line) ?? [];
  return `${level} ${message.startsWith('"') ? message.slice(1, -1).replaceAll('\\"', '"') : message}`;
}

function collector(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}
