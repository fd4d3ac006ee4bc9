import { countMetrics, type Metrics } from '../../watch/metrics.ts';
import { serveMetrics } from '../../watch/metrics-server.ts';
import { unwritable, writeAtomically } from './atomic-file.ts';
import type { CommandServices, Watcher } from '../command.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { OutputOptions } from '../options/output.ts';

type MetricsOutputs = {
  readonly file: string | undefined;
  readonly listen: OutputOptions['metricsListen'];
};

type Services = Pick<CommandServices, 'clock' | 'narrate' | 'secrets'> & {
  readonly rates: Parameters<typeof countMetrics>[1];
};

/** Milliseconds; scrapers of such files do not read them more often. */
const EVERY = 15_000;

/** Counts the events of a run, and writes or serves the metrics. Throws USAGE if a file or address cannot be used. */
export async function watchMetrics({ file, listen }: MetricsOutputs, services: Services): Promise<Watcher> {
  const counted = await countMetrics(services.clock, services.rates);
  const metrics: Metrics = { ...counted, text: async () => services.secrets.hide(await counted.text()) };
  const server = listen && (await listening(metrics, listen, services));
  const writing = file === undefined ? undefined : await writeEvery(file, metrics, services);
  return {
    narrate: metrics.narrate,
    end: async () => {
      server?.close();
      return writing?.end();
    },
  };
}

async function listening(
  metrics: Metrics,
  address: NonNullable<MetricsOutputs['listen']>,
  { narrate }: Services,
): Promise<{ close(): void }> {
  try {
    const server = await serveMetrics(metrics, address);
    narrate({ type: 'log', level: 'info', message: `Metrics at ${server.url}` });
    return server;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usage(`--metrics-listen ${address.host}:${address.port}: ${reason}`, 'use a free address');
  }
}

async function writeEvery(
  path: string,
  metrics: Metrics,
  { clock, narrate }: Services,
): Promise<{ end(): Promise<string | undefined> }> {
  const reason = await unwritable(path);
  if (reason !== undefined)
    throw usage(`--metrics-file ${goQuote(path)} ${reason}`, 'use a file in an existing folder');
  let problem: string | undefined;
  const write = async (): Promise<void> => {
    try {
      await writeAtomically(path, await metrics.text());
      problem = undefined;
    } catch (error) {
      const message = `writing metrics to ${path} failed: ${error instanceof Error ? error.message : String(error)}`;
      if (problem === undefined) narrate({ type: 'log', level: 'warning', message });
      problem = message;
    }
  };
  await write();
  let writing = Promise.resolve();
  let cancel = (): void => {};
  const again = (): void => {
    cancel = clock.timer(EVERY, () => {
      writing = writing.then(write);
      again();
    });
  };
  again();
  return {
    end: async () => {
      cancel();
      await writing;
      await write();
      return problem;
    },
  };
}
