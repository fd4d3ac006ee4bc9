import type Bottleneck from 'bottleneck';
import type { Clock } from '../clock.ts';
import type { RateStore } from '../ratelimit/shared/store.ts';
import { reasonOf, type RedisLink } from './link.ts';
import { parseRecord } from './record-schema.ts';
import type { SharedRecord } from '../ratelimit/shared/record.ts';

/** Time after which unused records expire, in milliseconds: an old limit may no longer apply. */
const FORGET_AFTER = 300_000;

/** The budget grows in steps of this many milliseconds, so that it is smooth at 1,000 tokens a second. */
const STEP = 50;

/** With Bottleneck's default of 5 seconds between two checks, a fifth of the budget would be lost. */
const HEARTBEAT = 100;

/**
 * Fraction of a second's tokens that may be saved, plus one: a rate of one in five seconds must reach a whole token.
 */
const SAVED = 1 / 4;

/** The lowest of the ten priorities of Bottleneck. */
const LAST_PRIORITY = 9;

/**
 * Replaces a record of the expected version, or an invalid one, and publishes it; otherwise returns the current record.
 */
const REPLACE = `
local there = redis.call('get', KEYS[1])
local isJson, record = pcall(cjson.decode, there or '')
local version = isJson and type(record) == 'table' and record.version or 0
if version ~= tonumber(ARGV[1]) and there ~= ARGV[4] then return {0, there} end
redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('publish', KEYS[1], ARGV[2])
return {1}
`;

/**
 * Creates the store that processes share through Redis: records in its keys, changes on its channels, tokens from
 * Bottleneck.
 */
export async function redisRateStore(link: RedisLink, clock: Clock): Promise<RateStore> {
  const [{ default: Limiter }, { Redis }] = await Promise.all([import('bottleneck'), import('ioredis')]);
  const { promise: lost, resolve: lose } = Promise.withResolvers<string>();
  void link.lost.then(lose);
  const attempt: Attempt = async (work) => {
    try {
      return await work;
    } catch (error) {
      lose(reasonOf(error));
      throw error;
    }
  };
  // Without the class, Bottleneck would load the package `ioredis` by name, which the built program does not have.
  const library = { client: link.client, Redis };
  const connection = new Limiter.IORedisConnection(library);
  connection.on('error', () => {});
  return {
    offset: await attempt(clockOffset(link, clock)),
    lost,
    ...records(link, attempt),
    ...tokenBudget(budgetsOf(Limiter, connection, link.db), attempt),
    close: () => {
      // Leaves no heartbeat running.
      void connection.disconnect(false);
      link.close();
    },
  };
}

/** Does the work; a failure means that the shared store is lost. */
type Attempt = <T>(work: Promise<T>) => Promise<T>;

function records({ client, subscriber, db }: RedisLink, attempt: Attempt): Pick<RateStore, 'replace' | 'follow'> {
  // Channels are not separated by database.
  const keyOf = (name: string): string => `kpromo:rates:1:${db}:${name}`;
  const followers = new Map<string, (record: SharedRecord) => void>();
  subscriber.on('message', (channel: string, text: string) => {
    const record = parseRecord(text);
    if (record !== undefined) followers.get(channel)?.(record);
  });
  return {
    replace: async (name, version, next) => {
      const text = JSON.stringify(next);
      const put = async (noRecord: string): Promise<unknown> =>
        attempt(client.eval(REPLACE, 1, keyOf(name), version, text, FORGET_AFTER, noRecord));
      const there = otherThan(await put(''));
      if (there === undefined) return undefined;
      if (there === '') return 'gone';
      return parseRecord(there) ?? (otherThan(await put(there)) === undefined ? undefined : 'gone');
    },
    follow: (name, changed) => {
      followers.set(keyOf(name), changed);
      attempt(subscriber.subscribe(keyOf(name))).catch(() => {});
    },
  };
}

function tokenBudget(budgets: (name: string) => Bottleneck, attempt: Attempt): Pick<RateStore, 'lease' | 'refill'> {
  return {
    lease: (name, tokens, before) =>
      new Promise((resolve, reject) => {
        const given = async (): Promise<void> => resolve();
        const priority = Math.max(0, LAST_PRIORITY - before);
        budgets(name).schedule({ weight: tokens, priority }, given).catch(reject);
      }),
    refill: async (name, rate, empty) => {
      const settings = {
        reservoirIncreaseAmount: (rate * STEP) / 1000,
        reservoirIncreaseMaximum: 1 + rate * SAVED,
        ...(empty && { reservoir: 0 }),
      };
      // Its types do not say that it is a promise.
      await attempt(Promise.resolve(budgets(name).updateSettings(settings) as unknown));
    },
  };
}

/** Returns the record that a script found instead of the expected one; undefined if it replaced that. */
function otherThan(reply: unknown): string | undefined {
  const [written, there] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  if (written === 1) return undefined;
  return typeof there === 'string' ? there : '';
}

/** Returns one Bottleneck for each name; the first refill sets its rate. */
function budgetsOf(
  Limiter: typeof Bottleneck,
  connection: Bottleneck.IORedisConnection,
  db: number,
): (name: string) => Bottleneck {
  const budgets = new Map<string, Bottleneck>();
  return (name) => {
    const known = budgets.get(name);
    if (known !== undefined) return known;
    const budget = new Limiter({
      id: `kpromo:1:${db}:${name}`,
      connection,
      heartbeatInterval: HEARTBEAT,
      timeout: FORGET_AFTER,
      reservoir: 0,
      reservoirIncreaseInterval: STEP,
      reservoirIncreaseAmount: 0,
      reservoirIncreaseMaximum: 1,
    });
    budget.on('error', () => {});
    // The caller learns of the failure from the use; this promise adds nothing.
    budget.ready().catch(() => {});
    budgets.set(name, budget);
    return budget;
  };
}

/** Returns the difference of the server's clock, which all processes share, to ours. */
async function clockOffset({ client }: RedisLink, clock: Clock): Promise<number> {
  const before = clock.now();
  const [seconds, micros] = await client.time();
  return Number(seconds) * 1000 + Number(micros) / 1000 - (before + clock.now()) / 2;
}
