import { spawn } from 'node:child_process';
import { z } from 'zod';
import { helperEnvironment } from '../../../child-environment.ts';
import type { Clock } from '../../../clock.ts';
import { PromotionError } from '../../../errors.ts';
import type { Secrets } from '../../../secrets/secrets.ts';
import { redactText } from '../../redact.ts';
import type { Credential } from '../credential.ts';

export type HelperOptions = {
  readonly clock: Clock;
  /** Environment variables. Helpers get the part that they need; PATH says where they are. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Time limit of a helper, in milliseconds. Default: 30 s, since some call a cloud and none should prompt a person.
   */
  readonly timeout?: number;
  /** Learns every secret that the sources read, so that it can be redacted. */
  readonly secrets?: Pick<Secrets, 'learn' | 'hide'>;
};

const TIMEOUT = 30_000;
/** Maximum output of a helper in bytes; a longer one is not a credential. */
const OUTPUT_LIMIT = 65_536;

/**
 * Runs `docker-credential-<name> get` and returns the credential for a server. Returns undefined if the helper has none
 * (https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol).
 */
export async function runHelper(
  name: string,
  server: string,
  options: HelperOptions,
  signal: AbortSignal,
): Promise<Credential | undefined> {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) throw helperError(name, server, 'is not a valid program name');
  const own = { ...options, env: helperEnvironment(name, options.env) };
  const { code, output } = await run(`docker-credential-${name}`, server, own, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw helperError(name, server, error instanceof Error ? error.message : String(error), error);
  });
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw helperError(name, server, `exited with ${code}${shown(output, options.secrets?.hide)}`);
  }
  const answer = parseAnswer(output);
  if (answer === undefined) throw helperError(name, server, 'printed an invalid credential');
  if (answer.Secret === '') return undefined;
  options.secrets?.learn(answer.Secret);
  const from = `docker-credential-${name}`;
  if (answer.Username === '<token>') return { kind: 'identity', username: '', token: answer.Secret, from };
  return { kind: 'basic', username: answer.Username, password: answer.Secret, from };
}

const HelperAnswer = z.object({ Username: z.string(), Secret: z.string() });

function parseAnswer(output: string): z.infer<typeof HelperAnswer> | undefined {
  try {
    return HelperAnswer.safeParse(JSON.parse(output)).data;
  } catch {
    return undefined;
  }
}

function run(
  program: string,
  input: string,
  { clock, env, timeout = TIMEOUT }: HelperOptions,
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    let output = '';
    const end = (then: () => void): void => {
      cancel();
      signal.removeEventListener('abort', onAbort);
      then();
    };
    // A helper's children may keep its pipes open, so this does not wait for the `close` event.
    const stop = (error: Error): void =>
      end(() => {
        child.kill('SIGKILL');
        child.stdout.destroy();
        reject(error);
      });
    const onAbort = (): void => stop(signal.reason as Error);
    const cancel = clock.limit(timeout, () => stop(new Error(`did not finish within ${timeout / 1000} s`)));
    signal.addEventListener('abort', onAbort, { once: true });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > OUTPUT_LIMIT) stop(new Error('printed too much'));
    });
    child.on('error', (error) => end(() => reject(error)));
    child.on('close', (code) => end(() => resolve({ code, output })));
    // A helper that exits without reading stdin is judged by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/**
 * Returns the first line of a helper's error output. It holds no secret, since helpers print secrets only on success.
 */
function shown(output: string, hide = (text: string): string => text): string {
  const line = redactText(hide(output)).slice(0, 200);
  return line === '' || line.startsWith('{') ? '' : `: ${line}`;
}

function helperError(name: string, server: string, what: string, cause?: unknown): PromotionError {
  return new PromotionError('UNAUTHORIZED', `getting credentials for ${server}: docker-credential-${name} ${what}`, {
    cause,
    hint: `check that docker-credential-${name} is installed and works, or remove it from the Docker configuration`,
  });
}
