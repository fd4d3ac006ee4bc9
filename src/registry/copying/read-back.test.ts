import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { oddRegistry, type OddRegistry } from '../../../test/support/odd-registry.ts';
import type { Fault, FaultHook } from '../../../test/support/registry/faults.ts';
import { buildImage, buildIndex, storeImage } from '../../../test/support/registry/images.ts';
import { mirrorFor, type Mirror } from './mirror.ts';
import { readBack } from './read-back.ts';

const child = buildImage({ seed: 1 }).manifest;
const index = buildIndex([buildImage({ seed: 1 })]);
const root = index.manifest;
const CHILD = child.descriptor.digest;

type World = OddRegistry & { readonly clock: FakeClock; readonly mirror: Mirror; run(): Promise<void> };

/** A registry with an index and its child, and one look at both. */
async function opened(fault: FaultHook, tags: readonly string[] = ['v1']): Promise<World> {
  const odd = await oddRegistry();
  storeImage(odd.server.store, 'prod/app', index, [...tags]);
  odd.server.inject(fault);
  const clock = fakeClock({ skipWaits: true });
  const target = { repository: `${odd.host}/prod/app`, action: 'copy' as const, tags, isNew: false };
  const mirror = mirrorFor(target, { requests: 0, bytes: 0 }, odd.call.signal);
  return { ...odd, clock, mirror, run: () => readBack({ registry: odd.registry, clock }, mirror, root, [child], []) };
}

const sound: FaultHook = () => undefined;

/** Answers looks at the child so many times with a fault. */
const onChild = (fault: Fault, times = Infinity): FaultHook => {
  let left = times;
  return ({ kind, reference }) => (kind === 'headManifest' && reference === CHILD && left-- > 0 ? fault : undefined);
};

describe('src/registry/copying/read-back', () => {
  it('sends one request for each reference of the root and each manifest below it', async () => {
    const { run, server } = await opened(sound, ['v1', 'v2']);
    await run();
    expect(server.counters.counts().kinds).toEqual({ headManifest: 3 });
    const tagless = await opened(sound, []);
    await tagless.run();
    expect(tagless.server.counters.counts().kinds).toEqual({ headManifest: 2 });
  });

  it('waits for a child that shows late, and writes nothing', async () => {
    const { run, clock, server } = await opened(onChild({ status: 404 }, 3));
    await run();
    expect(clock.waits).toEqual([250, 1_000, 3_000]);
    expect(server.counters.counts().kinds.putManifest ?? 0).toBe(0);
  });

  it('writes a child once more that was acknowledged but is missing', async () => {
    const { run, server } = await opened(sound);
    server.store.remove('prod/app', 'manifest', CHILD);
    await run();
    expect(server.store.repository('prod/app')?.manifests.has(CHILD)).toBe(true);
    expect(server.counters.counts().kinds.putManifest).toBe(1);
  });

  it('throws INCOMPLETE, with its name, for a child that is missing again', async () => {
    const { run, server, host } = await opened(({ kind }) => (kind === 'putManifest' ? 'forget' : undefined));
    server.store.remove('prod/app', 'manifest', CHILD);
    const refusal = run();
    await expect(refusal).rejects.toMatchObject({ code: 'INCOMPLETE', side: 'destination' });
    await expect(refusal).rejects.toThrow(`${host}/prod/app@${CHILD}, which ${root.descriptor.digest} names,`);
    expect(server.counters.counts().kinds.putManifest).toBe(1);
  });

  it('throws INCOMPLETE for a tag that points elsewhere, and does not write it again', async () => {
    const { run, server } = await opened(sound);
    storeImage(server.store, 'prod/app', buildImage({ seed: 2 }), ['v1']);
    await expect(run()).rejects.toMatchObject({ code: 'INCOMPLETE' });
    expect(server.counters.counts().kinds.putManifest ?? 0).toBe(0);
  });

  it('believes a contradicting length only if the bytes differ', async () => {
    const claims = { status: 200, headers: { 'content-length': '0', 'docker-content-digest': CHILD } };
    const lying = await opened(onChild(claims));
    await lying.run();
    expect(lying.server.counters.counts().kinds).toEqual({ headManifest: 2, getManifest: 1 });
    const broken = await opened((request) =>
      request.kind === 'getManifest' ? { status: 200, body: '' } : onChild(claims)(request),
    );
    await expect(broken.run()).rejects.toThrow('with 0 bytes instead of');
  });
});
