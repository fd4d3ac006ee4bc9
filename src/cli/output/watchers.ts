import type { LogLevel, Narrator } from '../../events.ts';
import type { RateReading } from '../../ratelimit/adaptive-limiter.ts';
import { eventLines } from '../../watch/event-lines.ts';
import { startHeartbeat } from '../../watch/heartbeat.ts';
import { liveDisplay } from '../../watch/live-display.ts';
import { openLines } from '../../watch/open-lines.ts';
import { trackStatus } from '../../watch/status.ts';
import type { CommandServices, Watcher } from '../command.ts';
import { goQuote } from '../../text/go-quote.ts';
import { watchMetrics } from './metrics.ts';
import { outputTo, type Output } from './streams.ts';
import { usage } from '../unknown.ts';
import type { Screen } from './screen.ts';
import type { OutputOptions } from '../options/output.ts';

/** The outputs that observe a run: progress, events and metrics. */
type Watching = {
  readonly options: OutputOptions;
  readonly screen: Screen;
  /** The program's stdout, where events may be written. */
  readonly stdout: Output;
};

/** Milliseconds; a reader that consumes nothing for this long is given up. */
const PATIENCE = 5000;

/**
 * Runs a command while its progress, events and metrics are output as requested. Throws USAGE before it runs anything
 * if a file or address cannot be used.
 */
export async function withWatching(
  watching: Watching,
  services: CommandServices,
  run: (watched: CommandServices) => Promise<number>,
): Promise<number> {
  let readings: () => readonly RateReading[] = () => [];
  const watchers: Watcher[] = [];
  const narrate: Narrator = (event) => {
    services.narrate(event);
    for (const watcher of watchers) watcher.narrate(event);
  };
  const end = async (): Promise<boolean> => {
    const problems = (await Promise.all(watchers.splice(0).map((watcher) => watcher.end()))).filter(
      (problem) => problem !== undefined,
    );
    for (const message of problems) services.narrate({ type: 'log', level: 'fatal', message });
    return problems.length === 0;
  };
  const watched: CommandServices = {
    ...services,
    ...(watching.options.events === '-' && { stdout: services.stderr }),
    narrate,
    onRates: (read) => {
      readings = read;
      services.onRates?.(read);
    },
  };
  try {
    const rates = (): readonly RateReading[] => readings();
    await open(watching, watchers, { ...watched, rates });
    const code = await run(watched);
    narrate({ type: 'exit', code });
    return (await end()) || code !== 0 ? code : 1;
  } finally {
    await end();
  }
}

type Opening = CommandServices & { readonly rates: () => readonly RateReading[] };

async function open({ options, screen, stdout }: Watching, watchers: Watcher[], services: Opening): Promise<void> {
  const { events, metricsFile, metricsListen, progress } = options;
  if (events !== undefined) watchers.push(await watchEvents(events, stdout, options.logLevel, services));
  if (metricsFile !== undefined || metricsListen !== undefined)
    watchers.push(await watchMetrics({ file: metricsFile, listen: metricsListen }, services));
  if (progress !== 'off') watchers.push(watchProgress(screen, services));
}

function watchProgress(screen: Screen, { clock, rates, narrate }: Opening): Watcher {
  const { narrate: follow, status } = trackStatus(clock, rates);
  const end = screen.canDraw
    ? screen.show((terminal) => liveDisplay({ ...terminal, clock, status }))
    : startHeartbeat(clock, status, narrate);
  return {
    narrate: follow,
    end: async () => {
      end();
      return undefined;
    },
  };
}

async function watchEvents(
  path: string,
  stdout: Output,
  level: LogLevel,
  { clock, secrets }: Pick<Opening, 'clock' | 'secrets'>,
): Promise<Watcher> {
  if (path === '-') return { narrate: eventLines({ sink: stdout, clock, level }), end: async () => undefined };
  const stream = await openLines(path).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw usage(`--events ${goQuote(path)} cannot be written: ${reason}`, 'use a file, or a pipe with a reader');
  });
  const sink = outputTo(stream, secrets);
  return {
    narrate: eventLines({ sink, clock, level }),
    end: async () => {
      const ignore = (): undefined => undefined;
      const tired = Promise.withResolvers<undefined>();
      const cancel = clock.limit(PATIENCE, () => tired.resolve(undefined));
      const error = await Promise.race([sink.close(), tired.promise]);
      cancel();
      // A pending write fails then; nothing handles its error any more.
      stream.on('error', ignore).destroy();
      return error && `writing the events to ${path} failed: ${error.message}`;
    },
  };
}
