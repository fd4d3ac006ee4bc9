import type { AdaptiveBucket, BucketSettings } from './bucket.ts';
import { classFlow, type ClassFlow } from './class-rates.ts';
import type { Answer, RequestClass } from '../limiter.ts';
import type { Mark } from './rate-law.ts';
import type { Verdict } from './rate-learning.ts';
import { troubleShare } from './failure-share.ts';

/** The origins that share one quota: its bucket, one more for each class that was refused by itself, and a common pause. */
export type RateGroup = {
  /** Milliseconds until a request of this class may go. */
  wait(kind: RequestClass, now: number): number;
  /** Takes what a request needs; only when `wait` is 0. */
  take(kind: RequestClass, now: number): Taken;
  /** Says for one member whether its requests wait for nothing but the rate. */
  hungry(member: object, kinds: ReadonlySet<RequestClass>, now: number): void;
  /** Learns from what came back. */
  answered(taken: Taken, answer: Answer | undefined, now: number): void;
  /** Unix milliseconds until which nothing may be sent; 0 when it may. */
  pausedUntil(): number;
  /** Called whenever waiting may have become shorter. */
  readonly wakes: Set<() => void>;
  rate(now: number): number;
  refused(): number;
};

/** What a request took, by which its answer is known. */
export type Taken = {
  readonly kind: RequestClass;
  readonly whole: Mark;
  readonly own?: { bucket: AdaptiveBucket; mark: Mark };
};

/** Makes a bucket; `name` tells it apart from the group's other ones, and `wake` is called when its waits became shorter by themselves. */
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

/** A group with one bucket, which has the settings' rate. */
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
