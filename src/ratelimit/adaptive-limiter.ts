import type { Clock } from '../clock.ts';
import { adaptiveBucket, type AdaptiveBucket, type BucketSettings } from './adaptive/bucket.ts';
import type { LearnedRate } from './kept-rates.ts';
import type { Limiter } from './limiter.ts';
import { originGate, type OriginGate } from './adaptive/origin-gate.ts';
import { rateGroup, type NewBucket, type RateGroup } from './adaptive/group.ts';

/** Configured limits of an origin; rates in requests a second. */
export type LimitSettings = {
  readonly group?: string;
  readonly start?: number;
  readonly floor?: number;
  readonly ceiling?: number;
  readonly burst?: number;
  readonly concurrency?: number;
};

type AdaptiveLimiterOptions = {
  readonly clock: Clock;
  /** Returns the settings of an origin that differ from the defaults. */
  readonly settingsOf?: (origin: string) => LimitSettings;
  /** Maximum concurrent requests for each origin, unless its settings say otherwise. */
  readonly concurrency: number;
  /** A longer pause, in milliseconds, fails the waiting requests. */
  readonly maxWait: number;
  /** Creates the buckets. Default: buckets of this process alone. */
  readonly bucketOf?: BucketFactory | undefined;
  /** Rates of an earlier run by group: where the limiter begins. Default: none. */
  readonly restored?: ReadonlyMap<string, LearnedRate> | undefined;
  /** Called for each pause that a registry orders, with the name of its group and the end in Unix milliseconds. */
  readonly onPause?: (group: string, until: number) => void;
};

/** Creates the bucket with this name; calls `wake` when its waits become shorter by themselves. */
export type BucketFactory = (name: string, settings: BucketSettings, wake: () => void) => AdaptiveBucket;

/** The current state of one group of origins: its rate in requests a second, and the number of refused requests. */
export type RateReading = {
  readonly group: string;
  readonly origins: readonly string[];
  readonly rate: number;
  readonly refused: number;
  /** The limit that refusals showed; undefined if none did. */
  readonly limit: number | undefined;
};

/** A limiter that learns the rate limit of each registry. */
export type AdaptiveLimiter = Limiter & { readings(): readonly RateReading[] };

/**
 * Initial rate in requests a second: accepted by all known registries, far below what most permit, and raised within
 * seconds.
 */
export const START = 60;
/**
 * Lowest rate in requests a second: a promotion is not usable below it. A registry that permits less sends Retry-After,
 * which is obeyed.
 */
const FLOOR = 1;
/** Number of requests that may be sent at once after a pause. */
const BURST = 10;

/** A restored limit may have become a little lower. */
const UNDER_LIMIT = 0.94;

/**
 * Google's hosts share the quota of a project: 60,000 a minute and region, of which one user was observed to get about
 * 83/s.
 */
const GOOGLE = { group: 'google', start: 75 };
const GOOGLE_HOST = /^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/;

/**
 * Creates a limiter with a token bucket for each origin, and one for each class of requests that is refused separately.
 */
export function adaptiveLimiter(options: AdaptiveLimiterOptions): AdaptiveLimiter {
  const { clock, concurrency, maxWait, settingsOf } = options;
  const { bucketOf = (_name, settings) => adaptiveBucket(settings, clock.now()) } = options;
  const groups = new Map<string, { readonly rates: RateGroup; readonly origins: string[] }>();
  const opened = new Map<string, { readonly rates: RateGroup; readonly gate: OriginGate }>();
  const open = (origin: string): OriginGate => {
    const given = { ...defaultsFor(origin), ...settingsOf?.(origin) };
    const { start = START, floor = FLOOR, ceiling = Number.POSITIVE_INFINITY, burst = BURST } = given;
    const name = given.group ?? origin;
    const newBucket: NewBucket = (kind, ...rest) => bucketOf(kind === undefined ? name : `${name} ${kind}`, ...rest);
    const { rate: known = start, limit } = options.restored?.get(name) ?? {};
    const first = Math.min(limit === undefined ? known : limit * UNDER_LIMIT, ceiling);
    const { rates: group, origins } = groups.get(name) ?? {
      rates: rateGroup({ start: first, limit, floor, ceiling, burst }, newBucket),
      origins: [],
    };
    groups.set(name, { rates: group, origins: [...origins, origin] });
    const onPause = (until: number): void => options.onPause?.(name, until);
    const gate = originGate({ clock, group, maxWait, onPause, concurrency: given.concurrency ?? concurrency });
    opened.set(origin, { rates: group, gate });
    return gate;
  };
  const readings = (): readonly RateReading[] =>
    [...groups].map(([group, { rates, origins }]) => ({
      group,
      origins,
      rate: rates.rate(clock.now()),
      refused: rates.refused(),
      limit: rates.limit(),
    }));
  return {
    acquire: (want, signal) => (opened.get(want.origin)?.gate ?? open(want.origin))(want, signal),
    spare: ({ origin, class: kind }) => {
      const rates = opened.get(origin)?.rates;
      const now = clock.now();
      return rates === undefined || (rates.pausedUntil() <= now && rates.wait(kind, now) === 0);
    },
    readings,
  };
}

function defaultsFor(origin: string): LimitSettings {
  return GOOGLE_HOST.test(new URL(origin).hostname) ? GOOGLE : {};
}
