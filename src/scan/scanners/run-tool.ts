import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onAbort } from '../../abort.ts';
import { endOf } from '../../child-process.ts';
import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import { plain } from '../reports/types.ts';

export type ToolServices = {
  /** The tool's environment: PATH, settings, and the registry credentials of the user. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
};

/**
 * In milliseconds. A large image is downloaded and unpacked, and the first run of a day downloads the database:
 * minutes, not an hour.
 */
const TIME_LIMIT = 15 * 60_000;
/** Limit in bytes; the report of an image with ten thousand findings has about 50 MB. */
const MAX_OUTPUT = 256 * 1024 * 1024;

/**
 * Runs a scanner and returns its JSON output; throws SCANNER if it fails. Runs without a shell in an empty folder,
 * because a `.trivyignore` in an untrusted tree could hide findings.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  services: ToolServices,
  signal: AbortSignal,
): Promise<unknown> {
  signal.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-scan-'));
  try {
    const output = await ended(program, args, folder, services, signal);
    return parsed(program, output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function ended(
  program: string,
  args: readonly string[],
  cwd: string,
  { env, clock }: ToolServices,
  signal: AbortSignal,
): Promise<string> {
  const child = spawn(program, [...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let why: string | undefined;
  const kill = (reason?: string): void => {
    why ??= reason;
    child.kill('SIGKILL');
    // its children may keep the pipes open
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const cancel = clock.limit(TIME_LIMIT, () => kill(`did not end within ${TIME_LIMIT / 60_000} minutes`));
  const leave = onAbort(signal, kill);
  try {
    const { code, output, message } = await endOf(child, MAX_OUTPUT, () =>
      kill(`printed more than ${MAX_OUTPUT / 1024 / 1024} MiB`),
    ).catch((cause: Error) => {
      throw notStarted(program, cause);
    });
    signal.throwIfAborted();
    if (why !== undefined) throw failed(program, why);
    if (code !== 0) throw failed(program, `ended with ${code ?? 'a signal'}${lastWords(message)}`);
    return output.toString('utf8');
  } finally {
    cancel();
    leave();
  }
}

/** Returns the last line of its error output, without logins and queries of addresses. */
function lastWords(message: string): string {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  const line = (lines.at(-1) ?? '').replaceAll(/\/\/[^/\s@]+@/g, '//').replaceAll(/\?[^\s"']+/g, '?…');
  return line === '' ? '' : `: ${plain(line)}`;
}

function parsed(program: string, output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    throw failed(program, 'did not print JSON');
  }
}

function failed(program: string, problem: string): PromotionError {
  return new PromotionError('SCANNER', `${program} ${problem}`, {
    hint: `run \`${program}\` on the image yourself, with the same environment`,
  });
}

function notStarted(program: string, cause: Error): PromotionError {
  const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  return new PromotionError('SCANNER', `the program ${program} ${isMissing ? 'is missing' : 'cannot be started'}`, {
    hint: `install ${program} in a folder of PATH, or choose another scanner with --vuln-scanner`,
    cause,
  });
}
