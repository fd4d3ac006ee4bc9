import { z } from 'zod';

/** The learned rate of one group of origins: enough to begin the next run with. */
export type LearnedRate = {
  readonly group: string;
  /** Requests a second. */
  readonly rate: number;
  /** The limit of the registry, if refusals showed one. */
  readonly limit?: number | undefined;
};

/** A rate in the file. */
type KeptRate = LearnedRate & {
  /** When it was learned, in Unix milliseconds. */
  readonly at: number;
};

/** Rates of earlier runs by group, and the reason if the file was ignored. */
export type RestoredRates = {
  readonly rates: ReadonlyMap<string, KeptRate>;
  readonly ignored?: string;
};

/** A limit may have changed after this many milliseconds: three days, so that a weekend without runs is bridged. */
const LONGEST = 3 * 24 * 3_600_000;
/** Clocks of two machines differ by less than this many milliseconds. */
const CLOCKS_DIFFER = 300_000;

/** No registry is sent more by one process; a higher rate was not learned from one. In requests a second. */
const MOST_RATE = 10_000;
/** More groups than a run has registries. */
const MOST_GROUPS = 1000;

const rate = z.number().min(0.1).max(MOST_RATE);
const group = z.string().min(1).max(300);

const KeptRates = z.strictObject({
  version: z.literal(1),
  /** The configured limits under which the rates were learned. */
  configuration: z.string().max(10_000),
  rates: z
    .array(z.strictObject({ group, rate, limit: rate.exactOptional(), at: z.number().int().nonnegative() }))
    .max(MOST_GROUPS),
});

const NONE: RestoredRates['rates'] = new Map();

/**
 * Returns the content of `rates.json`: the rates that this run learned, and those of earlier runs that it did not learn
 * anew. `configuration` identifies the configured limits.
 */
export function keepRates(
  learned: readonly LearnedRate[],
  configuration: string,
  now: number,
  earlier: RestoredRates['rates'] = NONE,
): Uint8Array {
  const current = learned
    .filter((one) => rate.safeParse(one.rate).success && group.safeParse(one.group).success)
    .map((one) => ({
      group: one.group,
      rate: one.rate,
      ...(rate.safeParse(one.limit).success && { limit: one.limit }),
      at: Math.round(now),
    }));
  const rates = [...new Map([...earlier, ...current.map((one) => [one.group, one] as const)]).values()];
  const newest = rates.toSorted((a, b) => b.at - a.at).slice(0, MOST_GROUPS);
  return new TextEncoder().encode(JSON.stringify({ version: 1, configuration, rates: newest }));
}

/**
 * Reads the content of `rates.json`. Ignores it as a whole if it is invalid or of another configuration, and rates in it
 * that are old or of the future.
 */
export function restoreRates(bytes: Uint8Array, configuration: string, now: number): RestoredRates {
  const ignored = (reason: string): RestoredRates => ({ rates: NONE, ignored: reason });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return ignored('not valid JSON');
  }
  const { data } = KeptRates.safeParse(json);
  if (data === undefined) return ignored('not a file of learned rates of version 1');
  if (data.configuration !== configuration) return ignored('learned with other configured limits');
  const known = data.rates.filter(({ at }) => at <= now + CLOCKS_DIFFER);
  if (known.length === 0 && data.rates.length > 0) return ignored('written in the future');
  const current = known.filter(({ at }) => now - at <= LONGEST);
  if (current.length === 0 && known.length > 0) return ignored('older than three days');
  return { rates: new Map(current.map((one) => [one.group, one])) };
}
