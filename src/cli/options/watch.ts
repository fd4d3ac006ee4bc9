import type { FlagValues } from './flags/parse-flags.ts';
import type { LogLevel } from '../../events.ts';
import { goQuote } from '../../text/go-quote.ts';
import { LOG_LEVELS } from '../output/log-levels.ts';
import type { COMMON_FLAGS } from './flags/cip-flags.ts';
import { usage } from '../unknown.ts';
import type { WATCH_FLAGS } from './flags/watch-flags.ts';

/** How much is logged, and how; as text unless a format is given. */
export type LogOptions = { readonly logLevel: LogLevel; readonly logFormat?: 'json' };

/** How a run is watched; what is not given is as it is without flags. */
export type WatchOptions = LogOptions & {
  readonly progress?: 'off';
  /** A path, or `-` for stdout. */
  readonly events?: string;
  readonly metricsFile?: string;
  readonly metricsListen?: { readonly host: string; readonly port: number };
};

type LogValues = Pick<FlagValues<typeof COMMON_FLAGS>, 'log-format' | 'log-level'>;

/** Reads the flags of the log. */
export function logOptions({ 'log-format': format, 'log-level': level }: LogValues): LogOptions {
  return { logLevel: LOG_LEVELS[level], ...(format === 'json' && { logFormat: format }) };
}

/** How the run shall be watched; throws USAGE. */
export function watchOptions(values: FlagValues<typeof WATCH_FLAGS> & LogValues): WatchOptions {
  const { progress, events, 'metrics-file': metricsFile, 'metrics-listen': listen } = values;
  return {
    ...logOptions(values),
    ...(progress === 'off' && { progress }),
    ...(events !== '' && { events }),
    ...(metricsFile !== '' && { metricsFile }),
    ...(listen !== '' && { metricsListen: addressOf(listen) }),
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
