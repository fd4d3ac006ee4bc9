import type { AdaptiveBucket, BucketSettings } from './bucket.ts';
import { classFlow, type ClassFlow } from './class-rates.ts';
import type { Answer, RequestClass } from '../limiter.ts';
import type { Mark } from './rate-law.ts';
import type { Verdict } from './rate-learning.ts';
import { troubleShare } from './failure-share.ts';

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
  refused(): number;
};

/** What a request took; passed back with its response. */
type Taken = {
  readonly kind: RequestClass;
  readonly whole: Mark;
  readonly own?: { bucket: AdaptiveBucket; mark: Mark };
};

/**
 * Creates a bucket; `name` distinguishes it within the group, and `wake` is called when its waits become shorter by
 * themselves.
 */
export type NewBucket = (name: RequestClass | undefined, settings: BucketSettings, wake: () => void) => AdaptiveBucket;

/** A class that is refused by itself starts this much below what it sent in the last second. */
const CLASS_CUT = 0.75;

/** The buckets of a group: one for all, and those of the classes that were refused by themselves. */
type Buckets = {
  readonly settings: BucketSettings;
  readonly whole: AdaptiveBucket;
  readonly classes: Map<RequestClass, AdaptiveBucket>;
  readonly flow: ClassFlow;
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
  const buckets: Buckets = { settings, whole, classes: new Map(), flow: classFlow(), open };
  const { classes, flow } = buckets;
  const eager = new Map<object, ReadonlySet<RequestClass>>();
  const trouble = troubleShare();
  let paused = 0;
  let refused = 0;
  return {
    wakes,
    wait: (kind, now) => Math.max(whole.wait(now), classes.get(kind)?.wait(now) ?? 0),
    take: (kind, now) => {
      flow.sent(kind, now);
      const bucket = classes.get(kind);
      return { kind, whole: whole.take(now), ...(bucket !== undefined && { own: { bucket, mark: bucket.take(now) } }) };
    },
    hungry: (member, kinds, now) => {
      if (kinds.size === 0) eager.delete(member);
      else eager.set(member, kinds);
      feed(buckets, new Set([...eager.values()].flatMap((some) => [...some])), now);
    },
    answered: (taken, answer, now) => {
      if (answer?.status === 429) refused += 1;
      if (answer !== undefined && answer.status < 500 && answer.status !== 429) flow.admitted(taken.kind, now);
      if (answer?.rate !== undefined) whole.advertise(answer.rate, now);
      if (answer?.pause !== undefined) paused = Math.max(paused, now + answer.pause);
      learn(buckets, taken, { verdict: verdictOf(answer, trouble.add(answer, now)), pause: answer?.pause ?? 0, now });
      wakeAll();
    },
    pausedUntil: () => Math.max(paused, whole.pausedUntil()),
    rate: (now) => whole.rate(now),
    refused: () => refused,
  };
}

/** Tells each bucket whether somebody waits for nothing but its rate. */
function feed({ whole, classes }: Buckets, wanted: ReadonlySet<RequestClass>, now: number): void {
  const holdsBack = (bucket: AdaptiveBucket | undefined): boolean => {
    const wait = bucket?.wait(now) ?? 0;
    return wait > 0;
  };
  whole.hungry(holdsBack(whole) && [...wanted].some((kind) => !holdsBack(classes.get(kind))), now);
  for (const [kind, bucket] of classes) bucket.hungry(wanted.has(kind) && holdsBack(bucket), now);
}

/** A class that is refused while others flow, and are not refused, is cut by itself, else the whole is. */
function learn(
  { settings, whole, classes, flow, open }: Buckets,
  taken: Taken,
  { verdict, pause, now }: { readonly verdict: Verdict | undefined; readonly pause: number; readonly now: number },
): void {
  const { kind } = taken;
  const isShared = flow.othersRefused(kind, now);
  const alone = verdict === 'refused' && flow.othersFlow(kind, now) && !isShared;
  if (verdict === 'refused') {
    flow.refused(kind, now);
    // Whichever class was refused first was taken for the cause, and would be starved by the others.
    if (isShared) classes.clear();
  }
  whole.answered(alone ? undefined : verdict, taken.whole, now, pause);
  taken.own?.bucket.answered(verdict === 'refused' && !alone ? undefined : verdict, taken.own.mark, now, pause);
  if (!alone || classes.has(kind)) return;
  const start = Math.max(settings.floor, flow.rate(kind, now) * CLASS_CUT);
  classes.set(kind, open(kind, { ...settings, start }));
}

function verdictOf(answer: Answer | undefined, isTroubled: boolean): Verdict | undefined {
  if (answer?.status === 429) return 'refused';
  if (answer?.status === 503 || isTroubled) return 'failing';
  return answer === undefined ? undefined : 'admitted';
}
