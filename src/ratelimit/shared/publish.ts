import type { RateStore } from './store.ts';
import { accrue, awaitsRecord, noObservations, stopLeasing, type Member } from './member.ts';
import { flowRate, fold, number, wasCut, type SharedRecord } from './record.ts';

/** Admitted requests are published together after this many milliseconds; refusals and pauses at once. */
const PUBLISH_AFTER = 50;

/** Publishes soon, together with the observations until then. */
export function publishSoon(member: Member): void {
  if (member.cancelTimer !== undefined || member.store === undefined) return;
  member.cancelTimer = member.clock.timer(PUBLISH_AFTER, () => {
    member.cancelTimer = undefined;
    accrue(member, member.clock.now() + member.offset);
    void publish(member);
  });
}

/** Adds the observations of this process to the shared record. Never rejects. */
export async function publish(member: Member): Promise<void> {
  const { store, epoch } = member;
  member.publishAgain = true;
  if (member.publishing || store === undefined) return;
  member.publishing = true;
  try {
    while (member.publishAgain && member.epoch === epoch) {
      member.publishAgain = false;
      await publishOnce(member, store, epoch);
    }
  } catch {
    // The store reports its loss through `lost`, and its owner then calls `leave`.
  } finally {
    if (member.epoch === epoch) member.publishing = false;
  }
  if (member.hungry && member.epoch === epoch) publishSoon(member);
}

async function publishOnce(member: Member, store: RateStore, epoch: number): Promise<void> {
  const { name, settings, self } = member;
  const published = member.unpublished;
  member.unpublished = noObservations();
  for (;;) {
    const before = member.record;
    number(published.marks, before);
    const now = member.clock.now() + member.offset;
    const next = fold(before, settings, { ...published, sent: published.marks.length, member: self, now });
    const other = await store.replace(name, before.version, next);
    if (member.epoch !== epoch) return;
    // Otherwise a later record of another process has arrived meanwhile.
    if (member.record === before) {
      if (other === 'gone') member.record = { ...before, version: 0 };
      else applyRecord(member, other ?? next);
    }
    if (other !== undefined) continue;
    const { rate, at } = next.budget;
    if (at !== before.budget.at) await store.refill(name, rate, wasCut(before, next));
    return;
  }
}

/** Replaces the known record, and stops sending if the new one reports a refusal or a pause. */
export function applyRecord(member: Member, record: SharedRecord): void {
  const before = member.record;
  const wasJoining = awaitsRecord(member) || member.local !== undefined;
  const isPaused = record.pausedUntil > before.pausedUntil;
  member.record = record;
  member.local = undefined;
  const now = member.clock.now() + member.offset;
  const { limit, refused } = record.state;
  const gap = 1000 / flowRate(record.state, member.settings);
  if (wasCut(before, record) && !wasJoining) {
    member.leased = 0;
    member.cuts += 1;
    if (member.isLeasing) member.outdated += 1;
    stopLeasing(member);
    member.nextAt = now + gap;
    if (limit === undefined || refused > 1) member.open = 1;
  } else {
    // At most one gap from now: until requests are admitted again, the gap is that between two probes.
    member.nextAt = Math.min(member.nextAt, now + gap);
  }
  if (wasJoining || isPaused || wasCut(before, record) || before.state.refused !== refused) member.wake();
}
