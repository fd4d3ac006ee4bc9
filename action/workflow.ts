import { appendFileSync } from 'node:fs';

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Shows a message on the page of the job. Untrusted text can neither end the command nor start another.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function annotate(level: 'error' | 'warning', message: string): void {
  const text = message.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  process.stdout.write(`::${level} title=kpromo::${text}\n`);
}

/** Sets outputs of the step. The values are ours: numbers, and paths of one line. */
export function setOutputs(env: Env, outputs: Readonly<Record<string, string>>): void {
  const lines = Object.entries(outputs).map(([name, value]) => `${name}=${value}\n`);
  appendFileSync(required(env, 'GITHUB_OUTPUT'), lines.join(''));
}

/** Returns a variable that the runner or action.yml sets. */
export function required(env: Env, name: string): string {
  const value = env[name] ?? '';
  if (value === '') throw new Error(`${name} is not set; run this script by action.yml`);
  return value;
}

/** Reads an input that is true or false. */
export function bool(env: Env, input: 'confirm' | 'comment'): boolean {
  const value = env[`KPROMO_ACTION_${input.toUpperCase()}`] ?? '';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Error(`${input}: ${value}: not a bool; use true or false`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
