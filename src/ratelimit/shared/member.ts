import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { AdaptiveBucket, BucketSettings } from '../adaptive/bucket.ts';
import type { RateStore } from './store.ts';
import type { Answered } from '../adaptive/rate-learning.ts';
import { newRecord, type SentMark, type SharedRecord } from './record.ts';

export type SharedBucketOptions = {
  readonly name: string;
  readonly settings: BucketSettings;
  readonly clock: Clock;
  /** Called when a wait has become shorter. */
  readonly wake: () => void;
};

/** State of one process in a shared bucket; mutable. All times are on the clock of the store. */
export type Member = SharedBucketOptions & {
  readonly self: string;
  store: RateStore | undefined;
  offset: number;
  /** Increases with each join and leave: request numbers of different epochs cannot be compared. */
  epoch: number;
  record: SharedRecord;
  /** The bucket of this process alone, used while there is no store. */
  local: AdaptiveBucket | undefined;
  share: number;
  /** Number of the last request that was sent without the store. */
  sentAlone: number;
  nextAt: number;
  takenAt: number;
  leased: number;
  isLeasing: boolean;
  /** Number of cuts of the rate. */
  cuts: number;
  /** Leases that were requested before a cut and are still open: the budget may never again hold that many tokens. */
  outdated: number;
  open: number;
  unanswered: number;
  hungry: boolean;
  updated: number;
  unpublished: Observations;
  publishing: boolean;
  publishAgain: boolean;
  cancelTimer: (() => void) | undefined;
  cancelLate: (() => void) | undefined;
};

/** Observations that are not published yet. */
type Observations = {
  readonly marks: SentMark[];
  readonly answers: Omit<Answered, 'sent'>[];
  hungry: number;
  pausedUntil: number;
  advertised?: number | null;
};

export const noObservations = (): Observations => ({ marks: [], answers: [], hungry: 0, pausedUntil: 0 });

/** Creates a member that has neither joined nor left. */
export function newMember(options: SharedBucketOptions): Member {
  return {
    ...options,
    self: randomUUID(),
    store: undefined,
    offset: 0,
    epoch: 0,
    record: newRecord(options.settings),
    local: undefined,
    share: 1,
    sentAlone: 0,
    nextAt: 0,
    takenAt: 0,
    leased: 0,
    isLeasing: false,
    cuts: 0,
    outdated: 0,
    open: 1,
    unanswered: 0,
    hungry: false,
    updated: options.clock.now(),
    unpublished: noObservations(),
    publishing: false,
    publishAgain: false,
    cancelTimer: undefined,
    cancelLate: undefined,
  };
}

/** Stops waiting for a lease. */
export function stopLeasing(member: Member): void {
  member.cancelLate?.();
  member.cancelLate = undefined;
  member.isLeasing = false;
}

/** Returns true until the first record is known or the local bucket is used. */
export const awaitsRecord = (member: Member): boolean => member.local === undefined && member.record.version === 0;

/** Adds the time since the last update to the hungry time, if requests waited only for the rate. */
export function accrue(member: Member, now: number): void {
  if (now <= member.updated) return;
  if (member.hungry && !awaitsAnswer(member)) member.unpublished.hungry += now - member.updated;
  member.updated = now;
}

/** Returns true if only a response permits the next request: at the start, and after a time without admissions. */
export function awaitsAnswer({ settings, unanswered, open }: Member): boolean {
  return open < settings.burst && unanswered >= Math.floor(open);
}
