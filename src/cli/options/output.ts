import type { LogLevel } from '../../events.ts';
import { goQuote } from '../../text/go-quote.ts';
import { LEVEL_NAMES, LOG_LEVELS } from './log-levels.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** The flags that every command takes. */
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

/** How a run is watched while it lasts. */
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
    help: 'Write events during the run as JSON lines (schemas/run-events.schema.json) to a file or a pipe; - is stdout, whose other output then goes to stderr.',
  },
  {
    name: 'metrics-file',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: "Write metrics in Prometheus' text format to a file, which is replaced every 15 s and at the end.",
  },
  {
    name: 'metrics-listen',
    type: 'string',
    default: '',
    value: '[HOST:]PORT',
    help: 'Serve metrics over HTTP at /metrics during the run. Default host: the loopback address; 0.0.0.0 for all.',
  },
] as const satisfies readonly Flag[];

/** How much is logged, and how. */
export type LogOptions = { readonly logLevel: LogLevel; readonly logFormat: 'text' | 'json' };

/** How a run is watched. */
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

/** How the run shall be watched; throws USAGE. */
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

/** A port alone, with or without a colon, is one of the loopback address. */
function addressOf(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits = ''] = /^(?:\[([0-9a-fA-F:.]+)\]:|([^:[\]]*):)?(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== '' && port <= HIGHEST_PORT) return { host: bracketed ?? (plain || '127.0.0.1'), port };
  throw usage(
    `--metrics-listen ${goQuote(text)} is no address`,
    'write a port, or HOST:PORT, for example 9090 or 0.0.0.0:9090',
  );
}
