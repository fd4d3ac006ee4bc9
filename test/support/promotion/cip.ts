import { Readable, Writable } from 'node:stream';
import { stopSignalOf, type stopReason } from '../../../src/cli/exit-codes.ts';
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

const FOLDER = process.env['KPROMO_TEST_BUNDLE'] === '1' ? 'dist/cli' : 'src/cli';
const load = (name: string): Promise<unknown> => {
  const extension = FOLDER === 'dist/cli' ? 'js' : 'ts';
  return import(new URL(`../../../${FOLDER}/${name}.${extension}`, import.meta.url).href);
};
/** The program of the sources, or with KPROMO_TEST_BUNDLE=1 the built one, which is in the package. */
const program = (await load('main')) as { readonly main: typeof main };
const exits = (await load('exit-codes')) as { readonly stopReason: typeof stopReason };

/** Returns a signal that aborts with the program's own reason: classes of the sources are others than those of the bundle. */
function ownSignal(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    const name = stopSignalOf(signal);
    controller.abort(name === undefined ? signal.reason : exits.stopReason(name));
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return controller.signal;
}

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
    signal: ownSignal(options.signal ?? new AbortController().signal),
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
