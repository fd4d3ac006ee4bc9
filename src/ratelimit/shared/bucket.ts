import { adaptiveBucket, LATENESS, OPENING, PATIENCE, type AdaptiveBucket } from '../adaptive/bucket.ts';
import type { RateStore } from './store.ts';
import { rateOf } from '../adaptive/rate-law.ts';
import type { Verdict } from '../adaptive/rate-learning.ts';
import {
  accrue,
  awaitsAnswer,
  awaitsRecord,
  newMember,
  noObservations,
  stopLeasing,
  type Member,
  type SharedBucketOptions,
} from './member.ts';
import { flowRate, isNews, portionOf, sharers, withoutSearch, type SentMark, type SharedRecord } from './record.ts';
import { applyRecord, publish, publishSoon } from './publish.ts';

/** A bucket whose rate and tokens several processes share; without a store it belongs to this process alone. */
export type SharedBucket = AdaptiveBucket & {
  /** Shares the rate through this store from now on. */
  join(store: RateStore): void;
  /** Continues alone with this process's share of the rate. */
  leave(): void;
};

/** Size of a lease, in milliseconds of the process's share of the rate: a killed process wastes no more. */
const LEASE = 100;
/**
 * Size of a lease while the limit is unknown, in milliseconds of the whole rate: the first refusal cuts the rate to an
 * eighth, which must still pay for the lease.
 */
const FIRST_LEASE = 20;

/** A lease that takes this many times as long as it should, and a second more, is given up. */
const LATE = 2;

/** Interval, in milliseconds, at which a wait for a lease or a record is checked, in case no call of `wake` ends it. */
const LOOK_AGAIN = 100;

/** Creates a bucket that holds requests back until its owner calls `join` or `leave`. */
export function sharedBucket(options: SharedBucketOptions): SharedBucket {
  const member = newMember(options);
  const at = <T>(time: number, then: (now: number) => T): T => {
    accrue(member, time + member.offset);
    return then(time + member.offset);
  };
  return {
    join: (store) => join(member, store),
    leave: () => leave(member),
    wait: (time) => at(time, (shared) => member.local?.wait(shared) ?? waitOf(member, shared)),
    take: (time) => at(time, (shared) => take(member, shared)),
    hungry: (yes, time) => at(time, (shared) => setHungry(member, yes, shared)),
    answered: (verdict, mark, time, pause = 0) =>
      at(time, (shared) => recordAnswer(member, verdict, mark as SentMark, shared, pause)),
    advertise: (most, time) => at(time, (shared) => advertise(member, most, shared)),
    rate: (time) => member.local?.rate(time + member.offset) ?? rateOf(member.record.state, member.settings),
    pausedUntil: () => (member.record.pausedUntil === 0 ? 0 : member.record.pausedUntil - member.offset),
    get state() {
      return member.local?.state ?? member.record.state;
    },
  };
}

function waitOf(member: Member, now: number): number {
  if (awaitsRecord(member)) return LOOK_AGAIN;
  const forAnswer = awaitsAnswer(member) ? member.takenAt + PATIENCE - now : 0;
  // A timer may fire a little early; the rest would be too short to move the clock.
  const forPace = member.nextAt - now > 0.01 ? member.nextAt - now : 0;
  const forToken = Math.max(forPace, member.leased >= 1 ? 0 : LOOK_AGAIN);
  return Math.max(forToken, forAnswer);
}

function take(member: Member, now: number): SentMark {
  const { local, epoch } = member;
  member.unanswered += 1;
  member.takenAt = now;
  if (local !== undefined) {
    const mark = local.take(now);
    member.sentAlone = mark.number;
    return { ...mark, epoch, local: true };
  }
  const gap = 1000 / flowRate(member.record.state, member.settings);
  member.nextAt = Math.max(member.nextAt, now - LATENESS) + gap;
  member.leased -= 1;
  const mark = { number: 0, at: now, epoch, local: false };
  member.unpublished.marks.push(mark);
  publishSoon(member);
  if (member.hungry) requestLease(member);
  return mark;
}

function setHungry(member: Member, yes: boolean, now: number): void {
  member.hungry = yes;
  member.local?.hungry(yes, now);
  if (!yes || awaitsRecord(member)) return;
  requestLease(member);
  publishSoon(member);
}

/** Requests the next lease when less than half of one is left. */
function requestLease(member: Member): void {
  const { store, name } = member;
  const lease = leaseOf(member);
  if (store === undefined || member.local !== undefined || member.isLeasing || member.leased > lease / 2) return;
  member.isLeasing = true;
  const { epoch, cuts } = member;
  const got = (tokens: number): void => {
    if (member.epoch !== epoch) return;
    if (member.cuts === cuts) stopLeasing(member);
    else member.outdated -= 1;
    member.leased += tokens;
    if (tokens > 0) member.wake();
  };
  store.lease(name, lease, member.outdated).then(
    () => got(lease),
    () => got(0),
  );
  replaceLateLease(member, lease);
}

/**
 * Continues with the process's share if a lease is late: a budget that grants nothing is broken, for example because
 * the clock of a process was far ahead.
 */
function replaceLateLease(member: Member, lease: number): void {
  const ms = PATIENCE + (LATE * lease * 1000) / shareOf(member);
  member.cancelLate = member.clock.limit(ms, () => {
    member.leased += Math.max(1, Math.floor((shareOf(member) * ms) / 1000));
    replaceLateLease(member, lease);
    member.wake();
  });
}

/** Returns the rate of this process in requests a second. */
function shareOf({ record, settings, updated }: Member): number {
  return flowRate(record.state, settings) / sharers(record, updated);
}

function leaseOf({ record, settings, updated }: Member): number {
  const { limit } = record.state;
  const ms = limit === undefined ? FIRST_LEASE : LEASE / sharers(record, updated);
  return Math.max(1, Math.floor((flowRate(record.state, settings) * ms) / 1000));
}

function recordAnswer(member: Member, verdict: Verdict | undefined, mark: SentMark, now: number, pause: number): void {
  const { unpublished, record } = member;
  member.unanswered -= 1;
  const isOurs = mark.epoch === member.epoch && mark.local === (member.local !== undefined);
  if (member.local !== undefined) {
    // It did not send the requests from before.
    if (mark.local) member.local.answered(isOurs ? verdict : undefined, mark, now, pause);
    return;
  }
  if (verdict === 'admitted') member.open = Math.min(member.settings.burst, member.open + OPENING);
  if (pause > 0) unpublished.pausedUntil = Math.max(unpublished.pausedUntil, now + pause);
  const isWorthPublishing = isOurs && verdict !== undefined && isNews(record, verdict);
  if (isWorthPublishing) unpublished.answers.push({ verdict, request: mark, now, pause });
  if (pause > 0 || isWorthPublishing) void publish(member);
}

function advertise(member: Member, most: number | undefined, now: number): void {
  if (member.local !== undefined) return member.local.advertise(most, now);
  if (most === member.record.state.advertised) return;
  member.unpublished.advertised = most ?? null;
  publishSoon(member);
}

function join(member: Member, store: RateStore): void {
  const { local, record, name } = member;
  begin(member, store);
  member.offset = store.offset;
  member.updated = member.clock.now() + member.offset;
  member.record = { ...record, ...(local && sinceAlone(member, local)), version: 0, members: {} };
  const { epoch } = member;
  store.follow(name, (news) => {
    if (member.epoch === epoch && news.version > member.record.version) applyRecord(member, news);
  });
  void publish(member);
}

/**
 * Returns the common state and the number of requests after a time alone. What one of several processes learned from its
 * share says less of the whole than what all knew before. The others sent as many requests as this one.
 */
function sinceAlone({ record, settings, share, sentAlone }: Member, local: AdaptiveBucket): Partial<SharedRecord> {
  const state = share === 1 ? local.state : withoutSearch(record.state, settings);
  return { state, sent: record.sent + (sentAlone - record.sent) * share };
}

function leave(member: Member): void {
  const { record, settings, clock } = member;
  if (member.local !== undefined && member.store === undefined) return;
  begin(member, undefined);
  const now = clock.now() + member.offset;
  if (member.local === undefined) {
    member.share = sharers(record, now);
    const state = portionOf(withoutSearch(record.state, settings), member.share, record.sent);
    member.sentAlone = record.sent;
    member.local = adaptiveBucket({ ...settings, sharers: member.share }, now, { state, sent: record.sent });
  }
  member.local.hungry(member.hungry, now);
  member.wake();
}

function begin(member: Member, store: RateStore | undefined): void {
  member.cancelTimer?.();
  member.cancelTimer = undefined;
  member.epoch += 1;
  member.store = store;
  member.unpublished = noObservations();
  member.leased = 0;
  stopLeasing(member);
  member.outdated = 0;
  member.publishing = false;
}
