import type { Commons } from './store.ts';
import { accrue, isJoining, nothing, stopAsking, type Member } from './member.ts';
import { flowRate, fold, number, wasCut, type SharedRecord } from './record.ts';

/** What was seen is told after so many milliseconds; refusals and pauses at once. */
const TELL_EVERY = 50;

/** Tells within a moment, together with what is seen until then. */
export function tellSoon(member: Member): void {
  if (member.cancelTimer !== undefined || member.commons === undefined) return;
  member.cancelTimer = member.clock.timer(TELL_EVERY, () => {
    member.cancelTimer = undefined;
    accrue(member, member.clock.now() + member.offset);
    void tell(member);
  });
}

/** Tells what was seen; what others told first is taken in before. Never rejects. */
export async function tell(member: Member): Promise<void> {
  const { commons, epoch } = member;
  member.tellAgain = true;
  if (member.telling || commons === undefined) return;
  member.telling = true;
  try {
    while (member.tellAgain && member.epoch === epoch) {
      member.tellAgain = false;
      await tellOnce(member, commons, epoch);
    }
  } catch {
    // The commons says itself that it is lost, and its owner then lets us leave.
  } finally {
    if (member.epoch === epoch) member.telling = false;
  }
  if (member.hungry && member.epoch === epoch) tellSoon(member);
}

async function tellOnce(member: Member, commons: Commons, epoch: number): Promise<void> {
  const { name, settings, self } = member;
  const told = member.untold;
  member.untold = nothing();
  for (;;) {
    const before = member.record;
    number(told.marks, before);
    const now = member.clock.now() + member.offset;
    const next = fold(before, settings, { ...told, sent: told.marks.length, member: self, now });
    const other = await commons.replace(name, before.version, next);
    if (member.epoch !== epoch) return;
    // Else somebody followed up on it already, which was told us sooner.
    if (member.record === before) {
      if (other === 'gone') member.record = { ...before, version: 0 };
      else adopt(member, other ?? next);
    }
    if (other !== undefined) continue;
    const { rate, at } = next.budget;
    if (at !== before.budget.at) await commons.refill(name, rate, wasCut(before, next));
    return;
  }
}

/** Takes a record for what is known now, and stops for what it says. */
export function adopt(member: Member, record: SharedRecord): void {
  const before = member.record;
  const wasJoining = isJoining(member) || member.alone !== undefined;
  const isPaused = record.pausedUntil > before.pausedUntil;
  member.record = record;
  member.alone = undefined;
  const now = member.clock.now() + member.offset;
  const { limit, refused } = record.state;
  const gap = 1000 / flowRate(record.state, member.settings);
  if (wasCut(before, record) && !wasJoining) {
    member.leased = 0;
    member.cuts += 1;
    if (member.asking) member.outdated += 1;
    stopAsking(member);
    member.nextAt = now + gap;
    if (limit === undefined || refused > 1) member.open = 1;
  } else {
    // Never later than one request from now: the gap before was a try's, and something is admitted again.
    member.nextAt = Math.min(member.nextAt, now + gap);
  }
  if (wasJoining || isPaused || wasCut(before, record) || before.state.refused !== refused) member.wake();
}
