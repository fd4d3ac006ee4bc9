import type { Redis } from 'ioredis';
import { onAbort } from '../abort.ts';
import type { Clock } from '../clock.ts';
import type { RedisAddress } from './address.ts';

/** Connections to one Redis server, valid until the first failure; callers then open new ones. */
export type RedisLink = {
  readonly db: number;
  /** For commands. */
  readonly client: Redis;
  /** For subscriptions. */
  readonly subscriber: Redis;
  /** Resolves, with the reason, when a connection has ended. */
  readonly lost: Promise<string>;
  /** Closes the connections at once. */
  close(): void;
};

/** Time limit of a connection or a command, in milliseconds: a slower server counts as unreachable. */
const TIME_LIMIT = 1000;

/** Maximum time that closing keeps the process alive, in milliseconds. */
const CLOSING_TIME = 100;

/** Connects, until the signal aborts. Rejects with an Error whose message is safe to show. Never retries by itself. */
export async function openRedis(address: RedisAddress, signal: AbortSignal, clock: Clock): Promise<RedisLink> {
  const { Redis: RedisClient } = await import('ioredis');
  const options = optionsFor(address);
  const connections = [new RedisClient(options), new RedisClient(options)] as const;
  const [client, subscriber] = connections;
  const { promise: lost, resolve: lose } = Promise.withResolvers<string>();
  const close = (): void => {
    for (const connection of connections) connection.disconnect();
  };
  for (const connection of connections) limitCommands(connection, clock);
  const stopListening = onAbort(signal, close);
  const tooLate = Promise.withResolvers<string>();
  const cancelLimit = clock.limit(TIME_LIMIT, () => tooLate.resolve('no response'));
  const ended = connections.map((connection) => endOf(connection));
  void Promise.race(ended).then((reason) => {
    close();
    lose(reason);
  });
  const ready = Promise.all(connections.map((connection) => readiness(connection)));
  const failure = await Promise.race([ready.then(() => undefined), lost, tooLate.promise]);
  stopListening();
  cancelLimit();
  if (failure !== undefined) {
    close();
    throw new Error(failure);
  }
  return { db: address.db, client, subscriber, lost, close };
}

function optionsFor({ host, port, db, tls, username, password }: RedisAddress) {
  return {
    host,
    port,
    db,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: { servername: host } }),
    // Our clock limits the time of connections and commands: time in which this process was stopped does not count.
    connectTimeout: 0,
    disconnectTimeout: CLOSING_TIME,
    // The caller, which can inform the user, opens a new connection.
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    // Bottleneck's scripts expect the types of the second protocol version.
    protocol: 2 as const,
  };
}

/** Rejects each command that takes longer than the time limit. */
function limitCommands(connection: Redis, clock: Clock): void {
  const send = connection.sendCommand.bind(connection);
  connection.sendCommand = (command, stream) => {
    const late = new Error('Command timed out');
    const cancel = clock.limit(TIME_LIMIT, () => command.reject(late));
    command.promise.then(cancel, cancel);
    return send(command, stream);
  };
}

function readiness(connection: Redis): Promise<void> {
  return new Promise((resolve) => {
    connection.once('ready', () => resolve());
  });
}

/** Resolves when the connection has ended, with its last error. */
function endOf(connection: Redis): Promise<string> {
  return new Promise((resolve) => {
    let reason = 'the connection ended';
    connection.on('error', (error: Error) => {
      reason = reasonOf(error);
    });
    connection.once('end', () => resolve(reason));
  });
}

/** Returns the reason of a failure without any sent text, which some servers quote. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (/timed out/i.test(error.message)) return 'no response';
  return /^[A-Z]{3,}\b/.exec(error.message)?.[0] ?? 'the connection ended';
}
