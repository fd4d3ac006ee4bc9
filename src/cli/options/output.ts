import type { LogLevel } from '../../events.ts';
import { goQuote } from '../../text/go-quote.ts';
import { LEVEL_NAMES, LOG_LEVELS } from './log-levels.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** The flags of every command. */
export const COMMON_FLAGS = [
  {
    name: 'help',
    short: 'h',
    type: 'bool',
    default: 'false',
    choices: ['all'],
    help: 'Show this help.',
  },
  {
    name: 'log-level',
    type: 'string',
    default: 'info',
    value: 'LEVEL',
    choices: LEVEL_NAMES,
    refusal: 'not a valid log level: ',
    help: 'Log lines of this level and above: panic, fatal, error, warn, warning, info, debug or trace.',
  },
  {
    name: 'log-format',
    type: 'string',
    default: 'text',
    value: 'FORMAT',
    choices: ['text', 'json'],
    help: 'Format of log lines: text, or json with time, level, msg and fields.',
  },
] as const satisfies readonly Flag[];

/** Returns the flag for the format of the result on stdout; `schema` is a file in `schemas/`. */
export function formatFlag(schema: string) {
  return {
    name: 'output',
    type: 'string',
    default: 'text',
    value: 'FORMAT',
    choices: ['text', 'json'],
    help: `Format of the result on stdout: text for people, or json (schemas/${schema}).`,
  } as const satisfies Flag;
}

/** Flags for progress, events and metrics during a run. */
export const WATCH_FLAGS = [
  {
    name: 'progress',
    type: 'string',
    default: 'auto',
    value: 'WHEN',
    choices: ['auto', 'off'],
    help: 'Progress on stderr: auto shows it below the log on a terminal, and otherwise logs a line every 30 s; off shows none.',
  },
  {
    name: 'events',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'Write events during the run as JSON lines (schemas/run-events.schema.json) to a file or a pipe; - means stdout, and moves its other output to stderr.',
  },
  {
    name: 'metrics-file',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: "Write metrics in Prometheus' text format to a file, replaced every 15 s and at the end.",
  },
  {
    name: 'metrics-listen',
    type: 'string',
    default: '',
    value: '[HOST:]PORT',
    help: 'Serve metrics over HTTP at /metrics during the run. Default host: the loopback address; 0.0.0.0 for all.',
  },
] as const satisfies readonly Flag[];

/** Level and format of the log. */
export type LogOptions = { readonly logLevel: LogLevel; readonly logFormat: 'text' | 'json' };

/** Options for progress, events and metrics. */
export type OutputOptions = LogOptions & {
  readonly progress: 'auto' | 'off';
  /** A path, or `-` for stdout. */
  readonly events: string | undefined;
  readonly metricsFile: string | undefined;
  readonly metricsListen: { readonly host: string; readonly port: number } | undefined;
};

type LogValues = Pick<FlagValues<typeof COMMON_FLAGS>, 'log-format' | 'log-level'>;

/** Reads the flags of the log. */
export function logOptions({ 'log-format': logFormat, 'log-level': level }: LogValues): LogOptions {
  return { logLevel: LOG_LEVELS[level], logFormat };
}

/** Reads the flags; throws USAGE. */
export function outputOptions(values: FlagValues<typeof WATCH_FLAGS> & LogValues): OutputOptions {
  const { progress, events, 'metrics-file': metricsFile, 'metrics-listen': listen } = values;
  return {
    ...logOptions(values),
    progress,
    events: events || undefined,
    metricsFile: metricsFile || undefined,
    metricsListen: listen === '' ? undefined : addressOf(listen),
  };
}

const HIGHEST_PORT = 65_535;

/** Parses a listen address; a port without a host means the loopback address. */
function addressOf(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits = ''] = /^(?:\[([0-9a-fA-F:.]+)\]:|([^:[\]]*):)?(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== '' && port <= HIGHEST_PORT) return { host: bracketed ?? (plain || '127.0.0.1'), port };
  throw usage(
    `--metrics-listen ${goQuote(text)} is not a valid address`,
    'write a port, or HOST:PORT, for example 9090 or 0.0.0.0:9090',
  );
}
