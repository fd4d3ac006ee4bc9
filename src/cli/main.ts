import { onAbort } from '../abort.ts';
import { isPromotionError } from '../errors.ts';
import type { CipOptions } from './options/commands/cip.ts';
import type { CommandServices, MainServices } from './command.ts';
import { errorExitCode, stopSignalOf } from './exit-codes.ts';
import { PROMOTION, createLog, loggedOutput, type Log, type LogSettings } from './output/log.ts';
import { outputTo } from './output/streams.ts';
import { givenSecrets } from './given-secrets.ts';
import { screenOf, type Screen } from './output/screen.ts';
import { isDetailed, isDivided, reportingOf } from './output/reporting.ts';
import { route, type Request } from './route.ts';

/** Runs the main job, `kpromo cip`. */
export type RunCip = (options: CipOptions, services: CommandServices) => Promise<number>;

// loaded on use, so that help does not wait for modules that only a promotion needs
const runCipLazily: RunCip = async (options, services) => (await import('./commands/cip.ts')).run(options, services);

/**
 * Runs one command line (without the program's name) and resolves to its exit code once all output is written. Never
 * throws. For exit code 1, the last line on stderr is the reason.
 */
export async function main(
  argv: readonly string[],
  services: MainServices,
  runCip: RunCip = runCipLazily,
): Promise<number> {
  const { env, clock, stderr: terminal } = services;
  const request = attempt(() => route(argv, env));
  const settings = logSettings(request, argv);
  const secrets = givenSecrets(argv, env);
  const [stdout, output] = [outputTo(services.stdout, secrets), outputTo(terminal, secrets)];
  const screen = screenOf({ stdout, stderr: output, terminal, env, drawing: settings.format !== 'json' });
  const log = createLog({ output: screen.stderr, clock, env, ...settings });
  // with JSON lines, all other text on stderr becomes a log line, too
  const stderr = settings.format === 'json' ? loggedOutput(screen.stderr, log) : screen.stderr;
  const task = taskOf(request, argv);
  let code: number;
  try {
    if (!('kind' in request)) throw request.error;
    const given = { ...services, stdout: screen.stdout, stderr, narrate: log.narrate, task, secrets };
    code = await perform(request, given, { runCip, screen, argv });
  } catch (error) {
    const detailed = 'kind' in request && isDetailed(request);
    code = explain(error, { signal: services.signal, narrate: log.narrate, task }, detailed);
  }
  return finish(code, { ...screen, log, task });
}

function attempt(parse: () => Request): Request | { readonly error: unknown } {
  try {
    return parse();
  } catch (error) {
    return { error };
  }
}

type LogChoice = Pick<LogSettings, 'level' | 'format'>;

/** Returns the log settings; for an invalid command line, as far as it can be read. */
function logSettings(request: Request | object, argv: readonly string[]): LogChoice {
  if (!('kind' in request) || !('options' in request))
    return { level: 'info', ...(/ --log-format[= ]json /i.test(` ${argv.join(' ')} `) && { format: 'json' }) };
  const { logLevel: level, logFormat: format } = request.options.output;
  return { level, format };
}

/** Returns the start of the last line of a failed command: the command as typed, or upstream's words if it has some. */
function taskOf(request: Request | object, argv: readonly string[]): string {
  if (!('kind' in request)) return 'kpromo';
  if (request.kind === 'cip') return PROMOTION;
  if (request.kind === 'snapshot') return 'run `cip run`: snapshot';
  if (request.kind === 'policy') return 'kpromo policy test';
  if (request.kind === 'report') return 'kpromo report merge';
  if (request.kind === 'explain-ref') return 'kpromo explain';
  const isWord = request.kind === 'replicate' && argv.includes('replicate-signatures');
  return `kpromo ${isWord ? 'cip replicate-signatures' : request.kind}`;
}

type How = { readonly runCip: RunCip; readonly screen: Screen; readonly argv: readonly string[] };

async function perform(request: Request, given: CommandServices, { runCip, screen, argv }: How): Promise<number> {
  if (!('options' in request)) {
    given.stdout.write(await textOf(request, given.stdout.columns?.()));
    return 0;
  }
  const { fittedSummaries } = await import('./output/fitted.ts');
  const services = { ...given, narrate: fittedSummaries(given.narrate, given.stderr) };
  const { versionLine } = await import('./version.ts');
  services.narrate({ type: 'log', level: 'info', message: await versionLine() });
  if (isUnwatched(request)) return runCommand(request, services, runCip);
  const { withWatching } = await import('./output/watchers.ts');
  return withWatching({ options: request.options.output, screen, stdout: screen.stdout }, services, async (watched) => {
    const quiet = onAbort(watched.signal, () => logStopping(watched));
    try {
      return await reported(request, watched, { runCip, argv });
    } catch (error) {
      return explain(error, watched, isDetailed(request));
    } finally {
      quiet();
    }
  });
}

/** Logs a signal at once, since ending the run may take seconds. */
function logStopping({ signal, narrate }: CommandServices): void {
  const reason = sentence(signal.reason).replace(/;.*$/, '');
  const again = stopSignalOf(signal) === 'SIGINT' ? 'press Ctrl-C again' : 'send a second signal';
  narrate({ type: 'stopping', reason });
  narrate({ type: 'log', level: 'warning', message: `stopping: ${reason}; ${again} to end immediately` });
}

async function reported(
  request: Commanded,
  services: CommandServices,
  { runCip, argv }: Pick<How, 'runCip' | 'argv'>,
): Promise<number> {
  const run = async (observed: CommandServices): Promise<number> => {
    if (!isDivided(request)) return runCommand(request, observed, runCip);
    return (await import('./processes/run-divided.ts')).runDivided(request, argv, observed);
  };
  const reporting = reportingOf(request, argv, services.env);
  if (reporting === undefined) return run(services);
  const { withReports } = await import('./output/reports.ts');
  return withReports(reporting, services, run);
}

export type Commanded = Extract<Request, { options: object }>;

/** Commands that are shown neither as progress nor as events. */
type Unwatched = Extract<
  Commanded,
  { kind: 'policy' | 'validate' | 'explain-ref' | 'add' | 'pr' | 'import' | 'report' }
>;

function isUnwatched(request: Commanded): request is Unwatched {
  return ['policy', 'validate', 'explain-ref', 'add', 'pr', 'import', 'report'].includes(request.kind);
}

/** Runs a command in this process and returns its exit code. */
export async function runCommand(
  request: Commanded,
  services: CommandServices,
  runCip: RunCip = runCipLazily,
): Promise<number> {
  if (request.kind === 'policy') return (await import('./commands/policy.ts')).run(request.options, services);
  if (request.kind === 'explain-ref') return (await import('./commands/explain-ref.ts')).run(request.options, services);
  if (request.kind === 'pr') return (await import('./commands/pr.ts')).run(request.options, services);
  if (request.kind === 'import') return (await import('./commands/import.ts')).run(request.options, services);
  if (request.kind === 'add') return (await import('./commands/add.ts')).run(request.options, services);
  if (request.kind === 'cip') return runCip(request.options, services);
  if (request.kind === 'snapshot') return (await import('./commands/snapshot.ts')).run(request.options, services);
  if (request.kind === 'replicate') return (await import('./commands/replicate.ts')).run(request.options, services);
  if (request.kind === 'report') return (await import('./commands/report.ts')).run(request.options, services);
  if (request.kind === 'audit') return (await import('./commands/audit.ts')).run(request.options, services);
  if (request.kind === 'validate') return (await import('./commands/validate.ts')).run(request.options, services);
  return (await import('./commands/sigcheck.ts')).run(request.options, services);
}

async function textOf(request: Exclude<Request, { options: object }>, columns: number | undefined): Promise<string> {
  if (request.kind === 'help')
    return (await import('./help/help.ts')).helpText(request.about, { isWhole: request.isWhole, columns });
  if (request.kind === 'explain') {
    const { explanationText } = await import('./commands/explain.ts');
    const { fitted } = await import('./output/fitted.ts');
    return fitted(explanationText(request.code), { columns: () => columns });
  }
  if (request.kind === 'version') return (await import('./version.ts')).versionText();
  return (await import('./help/completion.ts')).completionScript(request.shell);
}

/** Logs the reason of a failed command and returns its exit code. */
function explain(
  error: unknown,
  { signal, narrate, task }: Pick<CommandServices, 'signal' | 'narrate' | 'task'>,
  detailed: boolean,
): number {
  const exitCode = errorExitCode([error], detailed, signal);
  const stopped = stopSignalOf(signal);
  const message = sentence(error);
  const { code = 'INTERNAL', hint } = isPromotionError(error) ? error : {};
  const fields = { code, ...(hint !== undefined && { hint }) };
  if (stopped !== undefined) {
    narrate({ type: 'log', level: 'error', message, fields: { ...fields, signal: stopped } });
    return exitCode;
  }
  if (!isPromotionError(error) && error instanceof Error) {
    narrate({ type: 'log', level: 'debug', message: error.stack ?? error.message });
  }
  const prefix = code === 'USAGE' ? '' : `${task}: `;
  const [first, ...more] = isPromotionError(error) ? error.parts : [];
  if (first !== undefined && more.length > 0) {
    for (const part of [first, ...more]) narrate({ type: 'log', level: 'error', message: part, fields: { code } });
    const others = more.length === 1 ? 'one more problem' : `${more.length} more problems`;
    narrate({ type: 'log', level: 'fatal', message: `${prefix}${first} (and ${others}, named above)`, fields });
    return exitCode;
  }
  narrate({ type: 'log', level: 'fatal', message: `${prefix}${message}`, fields });
  return exitCode;
}

function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isPromotionError(error) && error.hint !== undefined ? `${error.message}; ${error.hint}` : error.message;
}

type Ending = Pick<Screen, 'stdout' | 'stderr'> & { readonly log: Log; readonly task: string };

async function finish(code: number, { stdout, stderr, log, task }: Ending): Promise<number> {
  const lost = await stdout.close();
  if (lost !== undefined)
    log.narrate({ type: 'log', level: 'fatal', message: `writing to stdout failed: ${lost.message}` });
  const result = code === 0 && lost !== undefined ? 1 : code;
  if (result === 1 && !log.failed()) {
    log.narrate({ type: 'log', level: 'fatal', message: `${task}: failed; see the lines above` });
  }
  log.end();
  await stderr.close();
  return result;
}
