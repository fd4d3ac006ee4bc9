import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { memoryLeases } from '../../processes/memory-leases.ts';
import { leasedLock, type Leases } from './leased-lock.ts';
import { subjectLock, type SubjectLock } from './lock.ts';

const signal = new AbortController().signal;

type World = { readonly clock: FakeClock; readonly leases: Leases; process(): SubjectLock };

function world(): World {
  const clock = fakeClock();
  const leases = memoryLeases(clock);
  let holders = 0;
  const holderName = (): string => `holder ${(holders += 1)}`;
  const process = (): SubjectLock =>
    leasedLock(
      subjectLock(async () => undefined),
      { clock, leases, holderName },
    );
  return { clock, leases, process };
}

/** Work that goes on until it is told to end. */
function longWork(): { readonly work: () => Promise<void>; begun(): boolean; end(error?: Error): void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isBegun = false;
  const work = (): Promise<void> => {
    isBegun = true;
    return promise;
  };
  return { work, begun: () => isBegun, end: (error) => (error === undefined ? resolve() : reject(error)) };
}

describe('src/registry/attaching/leased-lock', () => {
  it('starts after another process has released the lease, whether its work succeeded or not', async () => {
    const { clock, process } = world();
    const [theirs, ours] = [longWork(), longWork()];
    const first = process().run('a', theirs.work, signal);
    const second = process().run('a', ours.work, signal);
    await clock.advance(5_000);
    expect([theirs.begun(), ours.begun()]).toEqual([true, false]);
    theirs.end(new Error('theirs failed'));
    await expect(first).rejects.toThrow('theirs failed');
    await clock.advance(200);
    expect(ours.begun()).toBe(true);
    ours.end();
    await second;
    expect(clock.pending()).toBe(0);
  });

  it('does not wait for another subject', async () => {
    const { process } = world();
    const theirs = longWork();
    const first = process().run('a', theirs.work, signal);
    expect(await process().run('b', async () => 'done', signal)).toBe('done');
    theirs.end();
    await first;
  });

  it('renews the lease for as long as its work takes', async () => {
    const { clock, process } = world();
    const [theirs, ours] = [longWork(), longWork()];
    const first = process().run('a', theirs.work, signal);
    const second = process().run('a', ours.work, signal);
    await clock.advance(300_000);
    expect(ours.begun()).toBe(false);
    theirs.end();
    ours.end();
    await first;
    await clock.advance(200);
    await second;
  });

  it('starts 30 s after another process was killed', async () => {
    const { clock, leases, process } = world();
    await leases.acquire('a', 'killed', 30_000);
    const ours = longWork();
    const run = process().run('a', ours.work, signal);
    await clock.advance(29_000);
    expect(ours.begun()).toBe(false);
    await clock.advance(1_200);
    expect(ours.begun()).toBe(true);
    ours.end();
    await run;
  });

  it('stops waiting when its signal aborts, and lets the next caller wait', async () => {
    const { clock, leases, process } = world();
    await leases.acquire('a', 'another', 60_000);
    const { run } = process();
    const stop = new AbortController();
    const stopped = run('a', async () => 'never', stop.signal);
    const next = run('a', async () => 'next', signal);
    await clock.advance(1_000);
    stop.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
    await leases.release('a', 'another');
    await clock.advance(400);
    expect(await next).toBe('next');
  });
});
