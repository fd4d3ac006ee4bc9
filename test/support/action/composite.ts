import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { z } from 'zod';

export const ACTION_ROOT = join(import.meta.dirname, '..', '..', '..');

const Step = z.strictObject({
  id: z.string().optional(),
  if: z.string().optional(),
  shell: z.literal('bash'),
  run: z.string(),
  env: z.record(z.string(), z.string()),
});

/** The parts of action.yml that this project uses; any other fails. */
export const Action = z.strictObject({
  name: z.string(),
  description: z.string(),
  branding: z.strictObject({ icon: z.string(), color: z.string() }),
  inputs: z.record(z.string(), z.strictObject({ description: z.string(), default: z.string() })),
  outputs: z.record(z.string(), z.strictObject({ description: z.string(), value: z.string() })),
  runs: z.strictObject({ using: z.literal('composite'), steps: z.array(Step) }),
});

export const ACTION = Action.parse(load(readFileSync(join(ACTION_ROOT, 'action.yml'), 'utf8')));

/** What a runner knows when it evaluates an expression. */
type Context = {
  readonly inputs: Readonly<Record<string, string>>;
  readonly token: string;
  readonly steps: Record<string, Readonly<Record<string, string>>>;
};

/** How a job with the action as its only step ended. */
export type Ended = {
  readonly succeeded: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  /** Both outputs of all steps. */
  readonly log: string;
  readonly summary: string;
  /** The folders that were added to PATH. */
  readonly path: readonly string[];
};

type Job = {
  readonly inputs: Readonly<Record<string, string>>;
  readonly token: string;
  readonly env: Readonly<Record<string, string>>;
  readonly workspace: string;
  /** RUNNER_TEMP, where the files of the runner are, too. */
  readonly temp: string;
  /** Cancels the job as a user does. */
  readonly cancel: AbortSignal;
};

/** Runs the steps of action.yml as a runner does, in this order, with its environment files. */
export async function runAction({ inputs: given, token, env, workspace, temp, cancel }: Job): Promise<Ended> {
  const unknown = Object.keys(given).filter((name) => !(name in ACTION.inputs));
  if (unknown.length > 0) throw new Error(`action.yml has no input ${unknown.join(', ')}`);
  const context: Context = { inputs: {}, token, steps: {} };
  const inputs = Object.entries(ACTION.inputs).map(([name, { default: text }]): [string, string] => [
    name,
    given[name] ?? evaluated(text, context),
  ]);
  const known: Context = { ...context, inputs: Object.fromEntries(inputs) };
  const state = { succeeded: true, log: '', summary: '', path: [] as string[] };
  for (const step of ACTION.runs.steps) {
    if (!isWanted(step.if, { succeeded: state.succeeded, cancelled: cancel.aborted }, known)) continue;
    const files = commandFiles(temp);
    const more = Object.entries(step.env).map(([name, text]) => [name, evaluated(text, known)]);
    const PATH = [...state.path.toReversed(), env['PATH']].join(':');
    const script = join(files.folder, 'step.sh');
    writeFileSync(script, step.run);
    const allEnv = { ...env, PATH, ...files.env, ...Object.fromEntries(more) };
    const { code, text } = await runStep(script, allEnv, workspace, cancel);
    state.log += text;
    if (code !== 0) state.succeeded = false;
    if (step.id !== undefined) known.steps[step.id] = parseOutputs(files.read('GITHUB_OUTPUT'));
    state.summary += files.read('GITHUB_STEP_SUMMARY');
    state.path.push(...files.read('GITHUB_PATH').split('\n').filter(Boolean));
  }
  const outputs = Object.entries(ACTION.outputs).map(([name, { value }]) => [name, evaluated(value, known)]);
  return { ...state, outputs: Object.fromEntries(outputs) as Record<string, string> };
}

/** Evaluates the expressions in a text. Throws for a form that action.yml did not use when this was written. */
function evaluated(text: string, context: Context): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => valueOf(expression.trim(), context));
}

function valueOf(expression: string, { inputs, token, steps }: Context): string {
  if (expression === 'github.token') return token;
  const [, input] = /^inputs\.([\w-]+)$/.exec(expression) ?? [];
  if (input !== undefined && input in inputs) return inputs[input] ?? '';
  const [, step = '', output = ''] = /^steps\.([\w-]+)\.outputs\.([\w-]+)$/.exec(expression) ?? [];
  const isStep = ACTION.runs.steps.some(({ id }) => id === step);
  if (step === '' || !isStep) throw new Error(`unknown expression ${expression}`);
  return steps[step]?.[output] ?? '';
}

/** A condition is of terms joined by &&; a step without one runs if all before it succeeded. */
function isWanted(
  condition: string | undefined,
  { succeeded, cancelled }: { readonly succeeded: boolean; readonly cancelled: boolean },
  context: Context,
): boolean {
  if (condition === undefined) return succeeded && !cancelled;
  const [, expression = ''] = /^\$\{\{(.*)\}\}$/.exec(condition) ?? [];
  return expression.split('&&').every((term) => {
    if (term.trim() === '!cancelled()') return !cancelled;
    const [, value = ''] = /^(.*) != ''$/.exec(term.trim()) ?? [];
    return valueOf(value, context) !== '';
  });
}

type CommandFiles = {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  read(name: string): string;
};

/** https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#environment-files */
function commandFiles(temp: string): CommandFiles {
  const folder = mkdtempSync(join(temp, 'runner-'));
  const names = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY', 'GITHUB_PATH', 'GITHUB_ENV', 'GITHUB_STATE'];
  for (const name of names) writeFileSync(join(folder, name), '');
  return {
    folder,
    env: Object.fromEntries(names.map((name) => [name, join(folder, name)])),
    read: (name) => readFileSync(join(folder, name), 'utf8'),
  };
}

function parseOutputs(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line): [string, string] => {
      const at = line.indexOf('=');
      if (at <= 0) throw new Error(`not a line of GITHUB_OUTPUT: ${line}`);
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** Starts a step as a runner does. When the job is cancelled, the runner sends SIGINT to this one process. */
function runStep(
  script: string,
  env: Readonly<Record<string, string>>,
  cwd: string,
  cancel: AbortSignal,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => void (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => void (text += part));
  cancel.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}
