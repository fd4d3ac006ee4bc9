import { describe, expect, it } from 'vitest';
import { digestSigning, signedWorld, type SignedWorld } from '../../test/support/attached.ts';
import { fakeClock } from '../../test/support/fake-clock.ts';
import type { FaultHook } from '../../test/support/registry/faults.ts';
import { recordDigest } from '../attest/writing/record-digest.ts';
import { signDigest, type Done } from '../attest/writing/sign-digest.ts';
import { cosignTag } from '../image/cosign-tag.ts';
import { withPending } from './attaching/pending-referrers.ts';
import { ownPushes } from './own-pushes.ts';

const NOT_FOUND = { status: 404, headers: { 'content-type': 'application/json' }, body: '{"errors":[]}' };

type World = SignedWorld & {
  /** Signs and records in the same run. */
  sign(): Promise<Done>;
  record(): Promise<Done>;
  /** Has the registry say 404 of what was pushed, so many times of each. */
  hide(times: number, what?: RegExp): void;
  readonly waits: readonly number[];
};

/** A registry that shows what was pushed when it likes, and one run that pushes to it. */
async function world(referrers: boolean): Promise<World> {
  let [left, hidden] = [0, /./];
  const asked = new Map<string, number>();
  const pushed = new Set<string>();
  const fault: FaultHook = ({ method, path }) => {
    if (method === 'PUT' && path.includes('/manifests/')) pushed.add(path);
    const isHidden = pushed.has(path) || (path.includes('/blobs/sha256:') && method === 'GET');
    if (method === 'PUT' || method === 'POST' || !isHidden || !hidden.test(path)) return undefined;
    const times = (asked.get(path) ?? 0) + 1;
    asked.set(path, times);
    return times <= left ? NOT_FOUND : undefined;
  };
  const signed = await signedWorld({ registry: { referrers, fault } });
  const clock = fakeClock({ skipWaits: true });
  const registry = ownPushes(signed.registry, clock);
  const services = await digestSigning(registry, signed.signing);
  const { repository, subject, call } = signed;
  const reference = 'prod.test/app';
  const facts = { reference, digest: subject.digest, tags: ['v1'], time: 0, promoter: { version: 'v1.0.0' } };
  return {
    ...signed,
    sign: () => signDigest(services, { repository, digest: subject.digest, reference }, call),
    record: () => recordDigest(services, { repository, facts }, call),
    hide: (times, what = /./) => {
      asked.clear();
      [left, hidden] = [times, what];
    },
    waits: clock.waits,
  };
}

describe('src/registry/own-pushes.ts', () => {
  it('asks for the referrers of one type, as withPending does, and does not wait for a list of that type', async () => {
    const { registry: real, repository, subject, call } = await signedWorld();
    const asked: unknown[] = [];
    const registry: typeof real = {
      ...real,
      listReferrers: async (_repository, _subject, _call, artifactType) => {
        asked.push(artifactType);
        return [];
      },
    };
    const clock = fakeClock({ skipWaits: true });
    for (const wrapped of [ownPushes(registry, clock), withPending(registry, { pending: () => [] })])
      expect(await wrapped.listReferrers(repository, subject.digest, call, 'application/x')).toEqual([]);
    expect([asked, clock.waits]).toEqual([['application/x', 'application/x'], []]);
  });

  it.each([
    ['the bundle and its blob', true, /sha256:/],
    ['the .sig tag', true, /\.sig$/],
    ['the list', false, /sha256-[0-9a-f]{64}$/],
  ])('makes no second signature if the registry shows %s two seconds late', async (_, referrers, what) => {
    const there = await world(referrers);
    expect(await there.sign()).toBe('written');
    const { signed } = there.effects();
    there.hide(2, what);
    expect(await there.sign()).toBe('there');
    expect(there.effects().signed).toBe(signed);
    expect(there.waits.length).toBeGreaterThan(0);
  });

  it('keeps in a list what the run has pushed, although the registry does not show it yet', async () => {
    const there = await world(false);
    await there.sign();
    there.hide(2);
    expect(await there.record()).toBe('written');
    there.hide(0);
    const listed = await there.registry.listReferrers(there.repository, there.subject.digest, there.call);
    expect(listed).toHaveLength(2);
  });

  it("throws instead of signing again if a push stays missing, and looks up others' pushes once", async () => {
    const there = await world(true);
    await there.sign();
    const { signed } = there.effects();
    there.hide(9, /sha256:/);
    await expect(there.sign()).rejects.toMatchObject({ code: 'INCOMPLETE' });
    expect(there.effects().signed).toBe(signed);
    const waited = there.waits.length;
    const other = ownPushes(there.registry, fakeClock());
    const tag = cosignTag(there.subject.digest, 'sig');
    there.hide(1, /\.sig$/);
    expect(await other.readManifest(there.repository, tag, there.call)).toBeUndefined();
    expect(there.waits).toHaveLength(waited);
  });
});
