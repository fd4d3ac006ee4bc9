import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { AdaptiveBucket, BucketSettings } from '../adaptive/bucket.ts';
import type { Commons } from './store.ts';
import type { Answered } from '../adaptive/rate-learning.ts';
import { newRecord, type OwnMark, type SharedRecord } from './record.ts';

export type SharedBucketOptions = {
  readonly name: string;
  readonly settings: BucketSettings;
  readonly clock: Clock;
  /** Called when waiting has become shorter. */
  readonly wake: () => void;
};

/** What a member knows; changed in place. All times are those that processes share. */
export type Member = SharedBucketOptions & {
  readonly self: string;
  commons: Commons | undefined;
  offset: number;
  /** Grows with each joining and leaving: marks of different ones cannot be compared. */
  epoch: number;
  record: SharedRecord;
  /** The bucket of its own, while it has no part in the common one. */
  alone: AdaptiveBucket | undefined;
  share: number;
  nextAt: number;
  takenAt: number;
  leased: number;
  asking: boolean;
  /** How often everything was stopped. */
  cuts: number;
  /** How many leases were asked for before that and not given yet: they may be more than is ever saved up now. */
  outdated: number;
  open: number;
  unanswered: number;
  hungry: boolean;
  updated: number;
  untold: Untold;
  telling: boolean;
  tellAgain: boolean;
  cancelTimer: (() => void) | undefined;
  cancelHelp: (() => void) | undefined;
};

/** What was seen and not told yet. */
type Untold = {
  readonly marks: OwnMark[];
  readonly answers: Omit<Answered, 'sent'>[];
  hungry: number;
  pausedUntil: number;
  advertised?: number | null;
};

/** Nothing seen. */
export const nothing = (): Untold => ({ marks: [], answers: [], hungry: 0, pausedUntil: 0 });

/** A member that has no part in anything yet. */
export function newMember(options: SharedBucketOptions): Member {
  return {
    ...options,
    self: randomUUID(),
    commons: undefined,
    offset: 0,
    epoch: 0,
    record: newRecord(options.settings),
    alone: undefined,
    share: 1,
    nextAt: 0,
    takenAt: 0,
    leased: 0,
    asking: false,
    cuts: 0,
    outdated: 0,
    open: 1,
    unanswered: 0,
    hungry: false,
    updated: options.clock.now(),
    untold: nothing(),
    telling: false,
    tellAgain: false,
    cancelTimer: undefined,
    cancelHelp: undefined,
  };
}

/** No lease is waited for any more. */
export function stopAsking(member: Member): void {
  member.cancelHelp?.();
  member.cancelHelp = undefined;
  member.asking = false;
}

/** Nothing was read yet, and it has no bucket of its own. */
export const isJoining = (member: Member): boolean => member.alone === undefined && member.record.version === 0;

/** Notes how long it was hungry until now. */
export function accrue(member: Member, now: number): void {
  if (now <= member.updated) return;
  if (member.hungry && !awaitsAnswer(member)) member.untold.hungry += now - member.updated;
  member.updated = now;
}

/** At the start, and after nothing was admitted for a while, answers let further requests go. */
export function awaitsAnswer({ settings, unanswered, open }: Member): boolean {
  return open < settings.burst && unanswered >= Math.floor(open);
}
