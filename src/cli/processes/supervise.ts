import { fork } from 'node:child_process';
import { extname, join } from 'node:path';
import { onAbort } from '../../abort.ts';
import type { LogEvent } from '../../events.ts';
import { messageOf } from '../../processes/calls.ts';
import { memoryLeases } from '../../processes/memory-leases.ts';
import { memoryRateStore } from '../../processes/memory-rate-store.ts';
import { portOf, type Port } from '../../processes/port.ts';
import { serve, type SharedMemory } from '../../processes/serve.ts';
import type { RateReading } from '../../ratelimit/adaptive-limiter.ts';
import { shardText, type Shard } from '../../sharding/shard.ts';
import { oneStory, type OneStory } from '../../watch/processes/one-story.ts';
import type { CommandServices } from '../command.ts';
import { stopSignalOf } from '../exit-codes.ts';
import { exitOf, type Exit } from './exit.ts';
import type { Batch, FromChild, Result, ToChild } from './messages.ts';

/** How the share of one process ended: with a result, or not at all. */
export type ShareEnd = { readonly shard: Shard; readonly result: Result } | LostShare;

/** A share whose process died, and why. */
export type LostShare = { readonly shard: Shard; readonly lost: string };

type Services = Pick<CommandServices, 'env' | 'clock' | 'narrate' | 'signal' | 'onRates'>;

/** Beside this file, in the sources and in the bundle. */
const PROGRAM = join(import.meta.dirname, `child${extname(import.meta.filename)}`);

/** A process that died is started again once: what killed it, such as a lack of memory, may come again. */
const STARTS = 2;

/** Milliseconds after a stop until a child that does not end is killed: one that works ends within 5 s. */
const GRACE = 8000;

/** Runs each share in a process of its own, and narrates all of them as one run. */
export async function supervise(
  argv: readonly string[],
  processes: number,
  services: Services,
): Promise<readonly ShareEnd[]> {
  const { clock, narrate } = services;
  const story = oneStory({ processes, clock, narrate });
  const memory: SharedMemory = { rates: memoryRateStore(clock), leases: memoryLeases(clock) };
  const rates: (readonly RateReading[])[] = [];
  services.onRates?.(() => oneReadingEach(rates.flat()));
  return Promise.all(
    Array.from({ length: processes }, (_, index) => {
      const shard = { index, of: processes };
      const onBatch = (batch: Batch): void => {
        rates[index] = batch.rates;
        tell(story, index, batch);
      };
      return runShare({ argv, shard, memory, story, onBatch }, services);
    }),
  );
}

function tell(story: OneStory, process: number, { events }: Batch): void {
  for (const event of events) {
    if ('public' in event) story.narrate(process, event.public);
    else story.take(process, event.taken);
  }
}

/** Returns one reading of each group: all processes share its rate. */
function oneReadingEach(readings: readonly RateReading[]): readonly RateReading[] {
  return [...new Map(readings.map((reading) => [reading.group, reading])).values()];
}

type Share = {
  readonly argv: readonly string[];
  readonly shard: Shard;
  readonly memory: SharedMemory;
  readonly story: OneStory;
  readonly onBatch: (batch: Batch) => void;
};

async function runShare(share: Share, services: Services): Promise<ShareEnd> {
  const { shard, story } = share;
  const name = `the process of shard ${shardText(shard)}`;
  for (let start = 1; ; start += 1) {
    const { result, reason } = await runChild(share, services);
    if (result !== undefined || start === STARTS || services.signal.aborted) {
      story.end(shard.index);
      return result === undefined ? { shard, lost: `${name} ${reason}; this share is not done` } : { shard, result };
    }
    services.narrate(warning(`${name} ${reason}; starting it again`));
    story.restart(shard.index);
  }
}

function warning(message: string): LogEvent {
  return { type: 'log', level: 'warning', message };
}

async function runChild({ argv, shard, memory, onBatch }: Share, services: Services): Promise<Partial<Exit>> {
  const { clock, env, narrate, signal } = services;
  const child = fork(PROGRAM, [], { env: { ...env }, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  // Also after a second signal, which ends this process at once.
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  const port = portOf(child);
  serve(memory, port);
  const result = resultOf(port, onBatch);
  const stop = (): void => {
    port.send({ kind: 'stop', signal: stopSignalOf(signal) ?? 'SIGTERM' } satisfies ToChild);
    cancel = clock.timer(GRACE, kill);
  };
  let cancel = (): void => undefined;
  port.send({ kind: 'start', argv, shard } satisfies ToChild);
  const quiet = signal.aborted ? stop() : onAbort(signal, stop);
  try {
    return await exitOf(child, result, (line) => narrate(warning(line)));
  } finally {
    quiet?.();
    cancel();
    process.off('exit', kill);
  }
}

/** Receives batches, and returns a function that returns the result once it was received. */
function resultOf(port: Port, onBatch: (batch: Batch) => void): () => Result | undefined {
  let result: Result | undefined;
  port.onMessage((received) => {
    const message = messageOf<FromChild>(received, 'batch', 'result');
    if (message?.kind === 'batch') onBatch(JSON.parse(message.text) as Batch);
    if (message?.kind === 'result') result = JSON.parse(message.text) as Result;
  });
  return () => result;
}
