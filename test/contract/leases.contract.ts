import { expect, it, type TestContext } from 'vitest';
import type { Leases } from '../../src/registry/attaching/leased-lock.ts';

/** Leases as two processes see them. */
type LeasesSubject = AsyncDisposable & { readonly one: Leases; readonly other: Leases };

const MINUTE = 60_000;

/** The contract of all leases. */
export function leasesContract(start: (test: TestContext) => Promise<LeasesSubject>): void {
  it('grants each name to one holder at a time', async (test) => {
    await using subject = await start(test);
    const { one, other } = subject;
    expect(await one.acquire('a', 'x', MINUTE)).toBe(true);
    expect(await other.acquire('a', 'y', MINUTE)).toBe(false);
    expect(await one.acquire('a', 'x', MINUTE)).toBe(false);
    expect(await other.acquire('b', 'y', MINUTE)).toBe(true);
  });

  it('grants a name again only after its holder released it', async (test) => {
    await using subject = await start(test);
    const { one, other } = subject;
    await one.acquire('a', 'x', MINUTE);
    await other.release('a', 'y');
    expect(await other.acquire('a', 'y', MINUTE)).toBe(false);
    await one.release('a', 'x');
    expect(await other.acquire('a', 'y', MINUTE)).toBe(true);
    await one.release('a', 'x');
    expect(await one.acquire('a', 'x', MINUTE)).toBe(false);
  });

  it('grants an expired lease to the next holder', async (test) => {
    await using subject = await start(test);
    await subject.one.acquire('a', 'x', 1);
    await taken(subject.other, 'a', 'y');
    expect(await subject.one.acquire('a', 'x', MINUTE)).toBe(false);
  });

  it('renews a lease for its holder only', async (test) => {
    await using subject = await start(test);
    const { one, other } = subject;
    await one.acquire('a', 'x', MINUTE);
    await other.renew('a', 'y', 1);
    await one.acquire('b', 'x', 1);
    await taken(other, 'b', 'y');
    expect(await other.acquire('a', 'y', MINUTE)).toBe(false);
    await one.renew('a', 'x', 1);
    await taken(other, 'a', 'y');
  });
}

/** Tries until the name is free, and leases it for a minute. */
async function taken(leases: Leases, name: string, holder: string): Promise<void> {
  while (!(await leases.acquire(name, holder, MINUTE))) await new Promise(setImmediate);
}
