import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import { reasonOf, type RedisLink } from './link.ts';
import type { Leases } from '../registry/attaching/leased-lock.ts';

type RedisLeaseOptions = {
  readonly clock: Clock;
  readonly narrate: Narrator;
  /** Displayed address of the server; contains no secret. */
  readonly place: string;
  /** Connects; rejects with an Error that contains the reason, or when the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<RedisLink>;
};

/** Interval of attempts to reach the server, in milliseconds. */
const RETRY = 2000;

const RENEW = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('pexpire', KEYS[1], ARGV[2]) end`;
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end`;

const keyOf = (name: string): string => `kpromo:lease:1:${name}`;

/**
 * Creates leases in Redis (https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/). Connects at the
 * first lease, and logs once if the server cannot be reached.
 */
export function redisLeases(options: RedisLeaseOptions): Leases & { close(): void } {
  const { use, close } = connection(options);
  return {
    close,
    acquire: (name, holder, ms) =>
      use(async ({ client }) => (await client.set(keyOf(name), holder, 'PX', ms, 'NX')) === 'OK', true),
    renew: (name, holder, ms) =>
      use(async ({ client }) => void (await client.eval(RENEW, 1, keyOf(name), holder, ms)), undefined),
    release: (name, holder) =>
      use(async ({ client }) => void (await client.eval(RELEASE, 1, keyOf(name), holder)), undefined),
  };
}

/** Does the work; returns `alone` if the server cannot be reached. */
type Use = <T>(work: (link: RedisLink) => Promise<T>, alone: T) => Promise<T>;

function connection({ clock, narrate, place, open }: RedisLeaseOptions): { readonly use: Use; close(): void } {
  const closing = new AbortController();
  let link: Promise<RedisLink> | undefined;
  let retryAt = 0;
  let isAlone = false;
  const drop = (dropped: Promise<RedisLink> | undefined): void => {
    if (link === dropped) link = undefined;
    dropped?.then((opened) => opened.close()).catch(() => undefined);
  };
  const goAlone = (error: unknown): void => {
    retryAt = clock.now() + RETRY;
    if (isAlone || closing.signal.aborted) return;
    isAlone = true;
    const message = `${place}, which locks images while their signatures change, cannot be reached (${reasonOf(error)}): continuing without locks; run no other job that signs or replicates`;
    narrate({ type: 'log', level: 'warning', message });
  };
  return {
    use: async (work, alone) => {
      if (closing.signal.aborted || clock.now() < retryAt) return alone;
      const mine = (link ??= open(closing.signal));
      try {
        const result = await work(await mine);
        isAlone = false;
        return result;
      } catch (error) {
        drop(mine);
        goAlone(error);
        return alone;
      }
    },
    close: () => {
      closing.abort();
      drop(link);
    },
  };
}
