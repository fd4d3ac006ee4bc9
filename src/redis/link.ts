import type { Redis } from 'ioredis';
import { onAbort } from '../abort.ts';
import type { RedisAddress } from './address.ts';

/** Connections to one Redis server, good until the first trouble: whoever needs them again opens new ones. */
export type RedisLink = {
  readonly db: number;
  /** Takes commands. */
  readonly client: Redis;
  /** Takes subscriptions. */
  readonly subscriber: Redis;
  /** Resolves, with the reason, when a connection has ended. */
  readonly lost: Promise<string>;
  /** Ends the connections at once. */
  close(): void;
};

/** A server that takes longer, in milliseconds, for a connection or a command is as good as gone: nobody waits for it. */
const PATIENCE = 1000;

/** A server that does not say goodbye within so many milliseconds must not keep the process from ending. */
const FAREWELL = 100;

/** Connects, until the signal aborts; rejects with an Error whose message is a reason that may be shown. Never tries again by itself. */
export async function openRedis(address: RedisAddress, signal: AbortSignal): Promise<RedisLink> {
  const { Redis: RedisClient } = await import('ioredis');
  const options = optionsFor(address);
  const connections = [new RedisClient(options), new RedisClient(options)] as const;
  const [client, subscriber] = connections;
  const { promise: lost, resolve: lose } = Promise.withResolvers<string>();
  const close = (): void => {
    for (const connection of connections) connection.disconnect();
  };
  const stopListening = onAbort(signal, close);
  const ended = connections.map((connection) => endOf(connection));
  void Promise.race(ended).then((reason) => {
    close();
    lose(reason);
  });
  const ready = Promise.all(connections.map((connection) => readiness(connection)));
  const failure = await Promise.race([ready.then(() => undefined), lost]);
  stopListening();
  if (failure !== undefined) throw new Error(failure);
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
    connectTimeout: PATIENCE,
    commandTimeout: PATIENCE,
    disconnectTimeout: FAREWELL,
    // A new connection is opened by whoever can tell the user about it.
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    // Bottleneck's scripts answer in the types of the second version.
    protocol: 2 as const,
  };
}

function readiness(connection: Redis): Promise<void> {
  return new Promise((resolve) => {
    connection.once('ready', () => resolve());
  });
}

/** Resolves when the connection has ended, with the last thing that went wrong with it. */
function endOf(connection: Redis): Promise<string> {
  return new Promise((resolve) => {
    let reason = 'the connection ended';
    connection.on('error', (error: Error) => {
      reason = reasonOf(error);
    });
    connection.once('end', () => resolve(reason));
  });
}

/** Why something failed, in words that hold nothing that was sent: some servers repeat what they did not understand. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (/timed out/i.test(error.message)) return 'it does not answer';
  return /^[A-Z]{3,}\b/.exec(error.message)?.[0] ?? 'the connection ended';
}
