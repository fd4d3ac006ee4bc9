import { adaptiveBucket, LATENESS, OPENING, PATIENCE, type AdaptiveBucket } from '../adaptive/bucket.ts';
import type { Commons } from './store.ts';
import { rateOf } from '../adaptive/rate-law.ts';
import type { Verdict } from '../adaptive/rate-learning.ts';
import {
  accrue,
  awaitsAnswer,
  isJoining,
  newMember,
  nothing,
  stopAsking,
  type Member,
  type SharedBucketOptions,
} from './member.ts';
import { flowRate, isNews, scaled, sharers, type OwnMark } from './record.ts';
import { adopt, tell, tellSoon } from './publish.ts';

/** A bucket whose rate and tokens several processes share while they have a commons, and which is theirs alone without. */
export type SharedBucket = AdaptiveBucket & {
  /** Takes part from now on. */
  join(commons: Commons): void;
  /** Goes on with this process's share. */
  leave(): void;
};

/** A lease is so many milliseconds of a process's part of the rate: a process that is killed takes no more along. */
const LEASE = 100;
/** And of the whole rate while it is looked for: an eighth of it is left at the first refusal, and must still pay for the lease. */
const FIRST_LEASE = 20;

/** A lease that takes so many times as long as it should, and a second more, is not waited for. */
const LATE = 2;

/** Without a lease or a record somebody wakes us; else we look again after so many milliseconds. */
const LOOK_AGAIN = 100;

/** A bucket that waits for its commons: the owner lets it join, or leave, soon. */
export function sharedBucket(options: SharedBucketOptions): SharedBucket {
  const member = newMember(options);
  const at = <T>(time: number, then: (now: number) => T): T => {
    accrue(member, time + member.offset);
    return then(time + member.offset);
  };
  return {
    join: (commons) => join(member, commons),
    leave: () => leave(member),
    wait: (time) => at(time, (shared) => member.alone?.wait(shared) ?? waitOf(member, shared)),
    take: (time) => at(time, (shared) => take(member, shared)),
    hungry: (yes, time) => at(time, (shared) => hunger(member, yes, shared)),
    answered: (verdict, mark, time, pause = 0) =>
      at(time, (shared) => hear(member, verdict, mark as OwnMark, shared, pause)),
    advertise: (most, time) => at(time, (shared) => advertise(member, most, shared)),
    rate: (time) => member.alone?.rate(time + member.offset) ?? rateOf(member.record.state, member.settings),
    pausedUntil: () => (member.record.pausedUntil === 0 ? 0 : member.record.pausedUntil - member.offset),
    get state() {
      return member.alone?.state ?? member.record.state;
    },
  };
}

function waitOf(member: Member, now: number): number {
  if (isJoining(member)) return LOOK_AGAIN;
  const forAnswer = awaitsAnswer(member) ? member.takenAt + PATIENCE - now : 0;
  // A timer that fires a little early would otherwise wait for less than a clock can tell.
  const forPace = member.nextAt - now > 0.01 ? member.nextAt - now : 0;
  return Math.max(forPace, forAnswer, member.leased >= 1 ? 0 : LOOK_AGAIN);
}

function take(member: Member, now: number): OwnMark {
  const { alone, epoch } = member;
  member.unanswered += 1;
  member.takenAt = now;
  if (alone !== undefined) return { ...alone.take(now), epoch, alone: true };
  const gap = 1000 / flowRate(member.record.state, member.settings);
  member.nextAt = Math.max(member.nextAt, now - LATENESS) + gap;
  member.leased -= 1;
  const mark = { number: 0, at: now, epoch, alone: false };
  member.untold.marks.push(mark);
  tellSoon(member);
  if (member.hungry) ask(member);
  return mark;
}

function hunger(member: Member, yes: boolean, now: number): void {
  member.hungry = yes;
  member.alone?.hungry(yes, now);
  if (!yes || isJoining(member)) return;
  ask(member);
  tellSoon(member);
}

/** Asks for the next lease when less than half of one is left. */
function ask(member: Member): void {
  const { commons, name } = member;
  const lease = leaseOf(member);
  if (commons === undefined || member.alone !== undefined || member.asking || member.leased > lease / 2) return;
  member.asking = true;
  const { epoch, cuts } = member;
  const got = (tokens: number): void => {
    if (member.epoch !== epoch) return;
    if (member.cuts === cuts) stopAsking(member);
    else member.outdated -= 1;
    member.leased += tokens;
    if (tokens > 0) member.wake();
  };
  commons.lease(name, lease, member.outdated).then(
    () => got(lease),
    () => got(0),
  );
  helpOneself(member, lease);
}

/** A budget that gives nothing for long is broken, as when somebody's clock was far ahead: goes on with its share. */
function helpOneself(member: Member, lease: number): void {
  const ms = PATIENCE + (LATE * lease * 1000) / shareOf(member);
  member.cancelHelp = member.clock.timer(ms, () => {
    member.leased += Math.max(1, Math.floor((shareOf(member) * ms) / 1000));
    helpOneself(member, lease);
    member.wake();
  });
}

/** Requests a second. */
function shareOf({ record, settings, updated }: Member): number {
  return flowRate(record.state, settings) / sharers(record, updated);
}

function leaseOf({ record, settings, updated }: Member): number {
  const { limit } = record.state;
  const ms = limit === undefined ? FIRST_LEASE : LEASE / sharers(record, updated);
  return Math.max(1, Math.floor((flowRate(record.state, settings) * ms) / 1000));
}

function hear(member: Member, verdict: Verdict | undefined, mark: OwnMark, now: number, pause: number): void {
  const { untold, record } = member;
  member.unanswered -= 1;
  const isOurs = mark.epoch === member.epoch && mark.alone === (member.alone !== undefined);
  if (member.alone !== undefined) return member.alone.answered(isOurs ? verdict : undefined, mark, now, pause);
  if (verdict === 'admitted') member.open = Math.min(member.settings.burst, member.open + OPENING);
  if (pause > 0) untold.pausedUntil = Math.max(untold.pausedUntil, now + pause);
  const isWorthTelling = isOurs && verdict !== undefined && isNews(record, verdict);
  if (isWorthTelling) untold.answers.push({ verdict, request: mark, now, pause });
  if (pause > 0 || isWorthTelling) void tell(member);
}

function advertise(member: Member, most: number | undefined, now: number): void {
  if (member.alone !== undefined) return member.alone.advertise(most, now);
  if (most === member.record.state.advertised) return;
  member.untold.advertised = most ?? null;
  tellSoon(member);
}

function join(member: Member, commons: Commons): void {
  const { alone, record, name } = member;
  begin(member, commons);
  member.offset = commons.offset;
  member.updated = member.clock.now() + member.offset;
  const state = alone === undefined ? record.state : scaled(alone.state, member.share);
  member.record = { ...record, state, version: 0, members: {} };
  const { epoch } = member;
  commons.follow(name, (news) => {
    if (member.epoch === epoch && news.version > member.record.version) adopt(member, news);
  });
  void tell(member);
}

function leave(member: Member): void {
  const { record, settings, clock } = member;
  if (member.alone !== undefined && member.commons === undefined) return;
  begin(member, undefined);
  const now = clock.now() + member.offset;
  if (member.alone === undefined) {
    member.share = sharers(record, now);
    const state = scaled(record.state, 1 / member.share);
    member.alone = adaptiveBucket(settings, now, { state, sent: record.sent });
  }
  member.alone.hungry(member.hungry, now);
  member.wake();
}

function begin(member: Member, commons: Commons | undefined): void {
  member.cancelTimer?.();
  member.cancelTimer = undefined;
  member.epoch += 1;
  member.commons = commons;
  member.untold = nothing();
  member.leased = 0;
  stopAsking(member);
  member.outdated = 0;
  member.telling = false;
}
