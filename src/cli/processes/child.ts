// The program of a child process of --processes: the main process sends the command line and the share over IPC.
import { realClock } from '../../clock.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import { connect } from '../../processes/connect.ts';
import { messageOf } from '../../processes/calls.ts';
import { portOf } from '../../processes/port.ts';
import type { RateReading } from '../../ratelimit/adaptive-limiter.ts';
import { STOP_SIGNALS, stopReason } from '../exit-codes.ts';
import { givenSecrets } from '../given-secrets.ts';
import { runCommand } from '../main.ts';
import { isReported, reportFactsOf, type Reported } from '../output/reporting.ts';
import { documented } from '../output/reports.ts';
import type { Result, ThrownError, ToChild } from './messages.ts';
import { sendEvents } from './send-events.ts';
import { route } from '../route.ts';

/** Milliseconds in which a child whose main process is gone deletes its open uploads; as long as after a signal. */
const ENDING = 5000;

const port = portOf(process);
const clock = realClock();
const stopping = new AbortController();

/** A terminal sends its signals to all processes; the main process says when to stop. */
for (const signal of STOP_SIGNALS) process.on(signal, () => undefined);

void port.lost.then(() => {
  stopping.abort(new PromotionError('ABORTED', 'the main process ended'));
  clock.timer(ENDING, () => process.exit(1));
});
port.onMessage((received) => {
  const message = messageOf<ToChild>(received, 'start', 'stop');
  if (message?.kind === 'stop') stopping.abort(stopReason(message.signal));
  if (message?.kind === 'start') void runShare(message);
});

async function runShare({ argv, shard }: ToChild & { readonly kind: 'start' }): Promise<void> {
  const { env } = process;
  const request = shareOf(route(argv, env), shard);
  const secrets = givenSecrets(argv, env);
  let rates: () => readonly RateReading[] = () => [];
  const { logLevel: level } = request.options.output;
  const { finish, ...events } = sendEvents({ port, clock, secrets, level, rates: () => rates() });
  const nowhere = { isTerminal: false, write: () => undefined };
  const services = {
    env,
    stdout: nowhere,
    stderr: nowhere,
    narrate: events.narrate,
    secrets,
    task: 'kpromo',
    clock,
    signal: stopping.signal,
    onRates: (readings: typeof rates) => void (rates = readings),
    peers: { ...connect(port), take: events.take },
  };
  const ended = await documented(reportFactsOf(request, argv), services, (observed) => runCommand(request, observed));
  finish(resultOf(ended));
  // Nothing that is still open keeps the process, once the result is sent.
  if (process.connected) process.send?.({ kind: 'end' }, () => process.exit(0));
  else process.exit(1);
}

function shareOf(request: ReturnType<typeof route>, shard: Reported['options']['shard']): Reported {
  if (!isReported(request)) throw new Error(`kpromo ${request.kind} cannot be divided`);
  return { ...request, options: { ...request.options, shard, processes: 1 } } as Reported;
}

function resultOf(ended: Awaited<ReturnType<typeof documented>>): Result {
  const { document } = ended;
  return 'error' in ended ? { document, code: 1, error: thrownBy(ended.error) } : { document, code: ended.code };
}

function thrownBy(error: unknown): ThrownError {
  if (!isPromotionError(error))
    return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  const { code, message, hint, parts } = error;
  return { code, message, hint, parts };
}
