import type { AdaptiveBucket, BucketSettings } from './bucket.ts';
import { classRates, type ClassRates } from './class-rates.ts';
import type { Answer, RequestClass } from '../limiter.ts';
import type { Mark } from './rate-law.ts';
import type { Verdict } from './rate-learning.ts';
import { failureShare } from './failure-share.ts';

/**
 * The origins that share one quota: a common bucket, one for each class that was refused separately, and a common
 * pause.
 */
export type RateGroup = {
  /** Returns the milliseconds until a request of this class may be sent. */
  wait(kind: RequestClass, now: number): number;
  /** Takes what a request needs; call it only when `wait` returns 0. */
  take(kind: RequestClass, now: number): Taken;
  /** Reports for one member whether its requests wait only for the rate. */
  hungry(member: object, kinds: ReadonlySet<RequestClass>, now: number): void;
  /** Adapts the rate to a response. */
  answered(taken: Taken, answer: Answer | undefined, now: number): void;
  /** Returns the end of the current pause in Unix milliseconds; 0 if there is none. */
  pausedUntil(): number;
  /** Called whenever waits may have become shorter. */
  readonly wakes: Set<() => void>;
  rate(now: number): number;
  /** Returns the assumed limit of all classes together, if known. */
  limit(): number | undefined;
  refused(): number;
};

/** What a request took; passed back with its response. */
type Taken = {
  readonly kind: RequestClass;
  readonly whole: Mark;
  readonly own: { bucket: AdaptiveBucket; mark: Mark } | undefined;
};

/**
 * Creates a bucket; `name` distinguishes it within the group, and `wake` is called when its waits become shorter by
 * themselves.
 */
export type NewBucket = (name: RequestClass | undefined, settings: BucketSettings, wake: () => void) => AdaptiveBucket;

/** Initial rate of a class that is refused by itself, as a fraction of its requests in the last second. */
const CLASS_CUT = 0.75;

/** The buckets of a group: one for all, and those of the classes that were refused by themselves. */
type Buckets = {
  readonly settings: BucketSettings;
  readonly whole: AdaptiveBucket;
  readonly classes: Map<RequestClass, AdaptiveBucket>;
  readonly rates: ClassRates;
  readonly open: (name: RequestClass | undefined, settings: BucketSettings) => AdaptiveBucket;
};

/** Creates a group with one bucket at the rate of the settings. */
export function rateGroup(settings: BucketSettings, newBucket: NewBucket): RateGroup {
  const wakes = new Set<() => void>();
  const wakeAll = (): void => {
    for (const wake of wakes) wake();
  };
  const open: Buckets['open'] = (name, given) => newBucket(name, given, wakeAll);
  const whole = open(undefined, settings);
  const buckets: Buckets = { settings, whole, classes: new Map(), rates: classRates(), open };
  const { classes, rates } = buckets;
  const waiting = new Map<object, ReadonlySet<RequestClass>>();
  const failures = failureShare();
  let [paused, refused] = [0, 0];
  return {
    wakes,
    wait: (kind, now) => Math.max(whole.wait(now), classes.get(kind)?.wait(now) ?? 0),
    take: (kind, now) => {
      rates.sent(kind, now);
      const bucket = classes.get(kind);
      return { kind, whole: whole.take(now), own: bucket && { bucket, mark: bucket.take(now) } };
    },
    hungry: (member, kinds, now) => {
      if (kinds.size === 0) waiting.delete(member);
      else waiting.set(member, kinds);
      reportHungry(buckets, new Set([...waiting.values()].flatMap((some) => [...some])), now);
    },
    answered: (taken, answer, now) => {
      if (answer?.status === 429) refused += 1;
      if (answer !== undefined && answer.status < 500 && answer.status !== 429) rates.admitted(taken.kind, now);
      if (answer?.rate !== undefined) whole.advertise(answer.rate, now);
      if (answer?.pause !== undefined) paused = Math.max(paused, now + answer.pause);
      learn(buckets, taken, { verdict: verdictOf(answer, failures.add(answer, now)), pause: answer?.pause ?? 0, now });
      wakeAll();
    },
    pausedUntil: () => Math.max(paused, whole.pausedUntil()),
    rate: (now) => whole.rate(now),
    limit: () => whole.state.limit,
    refused: () => refused,
  };
}

/** Reports to each bucket whether requests wait only for its rate. */
function reportHungry({ whole, classes }: Buckets, wanted: ReadonlySet<RequestClass>, now: number): void {
  const holdsBack = (bucket: AdaptiveBucket | undefined): boolean => (bucket?.wait(now) ?? 0) > 0;
  whole.hungry(holdsBack(whole) && [...wanted].some((kind) => !holdsBack(classes.get(kind))), now);
  for (const [kind, bucket] of classes) bucket.hungry(wanted.has(kind) && holdsBack(bucket), now);
}

/** Cuts only the class of a refused request if other classes are admitted and none is refused; otherwise the group. */
function learn(
  { settings, whole, classes, rates, open }: Buckets,
  taken: Taken,
  { verdict, pause, now }: { readonly verdict: Verdict | undefined; readonly pause: number; readonly now: number },
): void {
  const { kind } = taken;
  const isShared = rates.othersRefused(kind, now);
  const alone = verdict === 'refused' && rates.othersAdmitted(kind, now) && !isShared;
  if (verdict === 'refused') {
    rates.refused(kind, now);
    // The class that was refused first was taken for the cause; the others would starve it.
    if (isShared) classes.clear();
  }
  whole.answered(alone ? undefined : verdict, taken.whole, now, pause);
  taken.own?.bucket.answered(verdict === 'refused' && !alone ? undefined : verdict, taken.own.mark, now, pause);
  if (!alone || classes.has(kind)) return;
  const start = Math.max(settings.floor, rates.rate(kind, now) * CLASS_CUT);
  // A restored limit is that of all classes together.
  classes.set(kind, open(kind, { ...settings, start, limit: undefined, steady: true }));
}

function verdictOf(answer: Answer | undefined, isFailing: boolean): Verdict | undefined {
  if (answer?.status === 429) return 'refused';
  if (answer?.status === 503 || isFailing) return 'failing';
  return answer === undefined ? undefined : 'admitted';
}
