import type { FlagValues } from './flags.ts';
import { goQuote } from './go-quote.ts';
import type { COMMON_FLAGS } from './options.ts';
import { usage } from './removed.ts';
import type { WATCH_FLAGS } from './watch-flags.ts';

/** How the log looks; text unless given. */
export type LogOptions = { readonly logFormat?: 'json' };

/** How a run is watched; what is not given is as it is without flags. */
export type WatchOptions = LogOptions & {
  readonly progress?: 'off';
  /** A path, or `-` for stdout. */
  readonly events?: string;
  readonly metricsFile?: string;
  readonly metricsListen?: { readonly host: string; readonly port: number };
};

/** How the log shall look; throws USAGE. */
export function logOptions({ 'log-format': format }: Pick<FlagValues<typeof COMMON_FLAGS>, 'log-format'>): LogOptions {
  if (format === 'json') return { logFormat: 'json' };
  if (format === 'text') return {};
  throw usage(`--log-format=${goQuote(format)} is no format`, 'write text or json');
}

/** How the run shall be watched; throws USAGE. */
export function watchOptions(
  values: FlagValues<typeof WATCH_FLAGS> & Pick<FlagValues<typeof COMMON_FLAGS>, 'log-format'>,
): WatchOptions {
  const { progress, events, 'metrics-file': metricsFile, 'metrics-listen': listen } = values;
  if (progress !== 'auto' && progress !== 'off')
    throw usage(`--progress=${goQuote(progress)} is unknown`, 'write auto or off');
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
