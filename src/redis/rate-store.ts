import type Bottleneck from 'bottleneck';
import type { Clock } from '../clock.ts';
import type { Commons } from '../ratelimit/shared/store.ts';
import { reasonOf, type RedisLink } from './link.ts';
import { parseRecord } from './record-schema.ts';
import type { SharedRecord } from '../ratelimit/shared/record.ts';

/** What nobody has used for so long, in milliseconds, is forgotten: a limit of yesterday says nothing about today. */
const FORGET_AFTER = 300_000;

/** The budget grows in steps of so many milliseconds, so that it is smooth at 1,000 tokens a second. */
const STEP = 50;

/** With Bottleneck's own 5 seconds between two looks at the budget, a fifth of it would be given out. */
const HEARTBEAT = 100;

/** So much of a second's tokens may be saved up, and one more: a rate of one in five seconds must reach a whole one. */
const SAVED = 1 / 4;

/** Bottleneck has ten priorities, of which 9 is the last. */
const LAST_PRIORITY = 9;

/** Puts a record in the place of one of that version, or of what is no record, and tells all; else answers with what is there. */
const REPLACE = `
local there = redis.call('get', KEYS[1])
local isJson, record = pcall(cjson.decode, there or '')
local version = isJson and type(record) == 'table' and record.version or 0
if version ~= tonumber(ARGV[1]) and there ~= ARGV[4] then return {0, there} end
redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('publish', KEYS[1], ARGV[2])
return {1}
`;

/** What processes share through Redis: records in its keys, their changes on its channels, tokens from Bottleneck. */
export async function redisCommons(link: RedisLink, clock: Clock): Promise<Commons> {
  const { default: Limiter } = await import('bottleneck');
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
  const connection = new Limiter.IORedisConnection({ client: link.client });
  connection.on('error', () => {});
  return {
    offset: await attempt(clockOffset(link, clock)),
    lost,
    ...records(link, attempt),
    ...tokenBudget(budgetsOf(Limiter, connection, link.db), attempt),
    close: () => {
      // Leaves no heartbeat behind.
      void connection.disconnect(false);
      link.close();
    },
  };
}

/** Whose work fails has lost the commons. */
type Attempt = <T>(work: Promise<T>) => Promise<T>;

function records({ client, subscriber, db }: RedisLink, attempt: Attempt): Pick<Commons, 'replace' | 'follow'> {
  // Channels know no databases.
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

function tokenBudget(budgets: (name: string) => Bottleneck, attempt: Attempt): Pick<Commons, 'lease' | 'refill'> {
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

/** What a script found in the place of what it was to replace; undefined when it did. */
function otherThan(reply: unknown): string | undefined {
  const [written, there] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  if (written === 1) return undefined;
  return typeof there === 'string' ? there : '';
}

/** One Bottleneck for each name; the first refill sets how fast it fills up. */
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
    // Whoever uses it is told of its failure; that it never was ready is no second one.
    budget.ready().catch(() => {});
    budgets.set(name, budget);
    return budget;
  };
}

/** What is missing from our clock to the server's, which all processes have in common. */
async function clockOffset({ client }: RedisLink, clock: Clock): Promise<number> {
  const before = clock.now();
  const [seconds, micros] = await client.time();
  return Number(seconds) * 1000 + Number(micros) / 1000 - (before + clock.now()) / 2;
}
