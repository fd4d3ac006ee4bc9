import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { buildImage, storeImage, type BuiltImage } from '../../../test/support/registry/images.ts';
import { jitteredPause } from '../../async/backoff.ts';
import { splitRepository } from '../../image/reference.ts';
import { copier, type Copier, type CopyResult } from './copier.ts';
import { HOLD_UP_TO, LOAN_WAIT_MS, SHARED_BYTES } from './types.ts';
import type { CopyTarget } from './mirror.ts';
import { memoryRegistry, type MemoryCall, type MemoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { sourceReader } from '../source.ts';

const SOURCE = 'staging.test/app';
const [FIRST, SECOND] = ['first.test/app', 'second.test/app'];

/** More layers of the largest size that is held than memory has room for, the same in each image. */
const CROWD = SHARED_BYTES / HOLD_UP_TO + 4;
const crowded = (seed: number): BuiltImage =>
  buildImage({
    seed,
    layers: Array.from({ length: CROWD }, () => HOLD_UP_TO),
    layerSeeds: Array.from({ length: CROWD }, (_, index) => index),
  });
const teed = (seed: number): BuiltImage => buildImage({ seed, layers: [HOLD_UP_TO + 1], layerSeeds: [1] });
const layerOf = ({ blobs }: BuiltImage): string => blobs[1]?.descriptor.digest ?? '';

type Bench = {
  readonly registry: MemoryRegistry;
  readonly clock: FakeClock;
  readonly calls: MemoryCall[];
  start(
    image: BuiltImage,
    repositories: readonly string[],
    given?: Partial<CopyTarget> & { readonly signal?: AbortSignal },
  ): ReturnType<Copier['copy']>;
};

/** The copy engine on registries in memory and a clock that stands still. */
function bench(before: (call: MemoryCall) => void | Promise<void> = () => {}): Bench {
  const clock = fakeClock();
  const calls: MemoryCall[] = [];
  const registry = memoryRegistry({
    before: (call) => {
      calls.push(call);
      return before(call);
    },
  });
  const meterOf = (): { requests: number; bytes: number } => ({ requests: 0, bytes: 0 });
  const source = sourceReader(registry, meterOf);
  const engine = copier({ registry, clock, source, meterOf, pause: jitteredPause(clock, () => 0) });
  return {
    registry,
    clock,
    calls,
    start: (image, repositories, { signal = new AbortController().signal, ...target } = {}) => {
      const { host, path } = splitRepository(SOURCE);
      const { digest } = storeImage(registry.store(host), path, image);
      const tag = `v-${digest.slice(7, 15)}`;
      const targets = repositories.map((repository): CopyTarget => ({
        repository,
        action: 'copy',
        tags: [tag],
        isNew: true,
        ...target,
      }));
      return engine.copy({ source: SOURCE, digest, targets }, signal);
    },
  };
}

const errorsOf = ({ mirrors }: CopyResult): (string | undefined)[] => mirrors.map(({ error }) => error?.code);

/** Resolves when the promise has settled or so much time has passed on the clock. */
async function within(clock: FakeClock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => void (settled = true);
  void promise.then(note, note);
  for (let passed = 0; passed < ms && !settled; passed += LOAN_WAIT_MS / 2) await clock.advance(LOAN_WAIT_MS / 2);
  return settled;
}

describe('src/registry/copying/copier', () => {
  it("does not deadlock when one copy waits for another's upload, which waits for the memory of the first", async () => {
    const gate = Promise.withResolvers<void>();
    const { start, clock, registry } = bench(({ operation, repository }) =>
      operation === 'startBlob' && repository === SECOND ? gate.promise : undefined,
    );
    const [ahead, behind] = [crowded(1), crowded(2)];
    // The first to come opens its uploads to the second mirror; the other fills the memory meanwhile.
    const opening = start(ahead, [SECOND]);
    await clock.advance(0);
    const filling = start(behind, [FIRST, SECOND]);
    await clock.advance(0);
    gate.resolve();
    expect(await within(clock, 60_000, Promise.all([opening.done, filling.done]))).toBe(true);
    expect([await opening.done, await filling.done].flatMap(errorsOf)).toEqual([undefined, undefined, undefined]);
    for (const [host, images] of [
      ['first.test', [behind]],
      ['second.test', [ahead, behind]],
    ] as const) {
      for (const { manifest } of images)
        expect(registry.store(host).resolve('app', manifest.descriptor.digest)).toBeDefined();
    }
  });

  it('starts the shared read of a large blob without a mirror that waits for another copy', async () => {
    const gate = Promise.withResolvers<void>();
    const { start, clock, registry } = bench(({ operation, repository }) =>
      operation === 'send' && repository === SECOND ? gate.promise : undefined,
    );
    const began = clock.now();
    const slow = start(teed(1), [SECOND]);
    await clock.advance(0);
    const image = teed(2);
    const both = start(image, [FIRST, SECOND]);
    await clock.advance(0);
    expect(
      registry
        .store('first.test')
        .repository('app')
        ?.blobs.has(image.blobs[1]?.descriptor.digest ?? 'sha256:'),
    ).toBe(true);
    expect(clock.now()).toBe(began);
    gate.resolve();
    expect(await within(clock, 10_000, Promise.all([slow.done, both.done]))).toBe(true);
    expect([await slow.done, await both.done].flatMap(errorsOf)).toEqual([undefined, undefined, undefined]);
  });

  it('reads a large blob separately for a mirror that is too late for the shared read', async () => {
    const gate = Promise.withResolvers<void>();
    const image = teed(1);
    const { start, clock, calls } = bench(({ operation, repository, reference }) =>
      operation === 'startBlob' && repository === SECOND && reference === layerOf(image) ? gate.promise : undefined,
    );
    const copying = start(image, [FIRST, SECOND]);
    const reads = (): number =>
      calls.filter(({ operation, reference }) => operation === 'readBlob' && reference === layerOf(image)).length;
    await clock.advance(1_999);
    expect(reads()).toBe(0);
    await clock.advance(1);
    expect(reads()).toBe(1);
    gate.resolve();
    expect(await within(clock, 10_000, copying.done)).toBe(true);
    const { sourceReads, ...result } = await copying.done;
    expect(errorsOf(result as CopyResult)).toEqual([undefined, undefined]);
    expect([reads(), sourceReads]).toEqual([2, 4]);
  });

  it('releases the next image two seconds after the first mirror is complete, however slow the others are', async () => {
    const gate = Promise.withResolvers<void>();
    const { start, clock } = bench(({ operation, repository }) =>
      operation === 'writeManifest' && repository === SECOND ? gate.promise : undefined,
    );
    const copying = start(buildImage({ seed: 1 }), [FIRST, SECOND]);
    let released = false;
    void copying.released.then(() => (released = true));
    await clock.advance(LOAN_WAIT_MS - 1);
    expect(released).toBe(false);
    await clock.advance(1);
    expect(released).toBe(true);
    gate.resolve();
    expect(errorsOf(await copying.done)).toEqual([undefined, undefined]);
  });

  it('releases the next image at once when all mirrors are done', async () => {
    const { start, clock } = bench();
    const copying = start(buildImage({ seed: 1 }), [FIRST, SECOND]);
    await clock.advance(0);
    await copying.released;
    expect(clock.pending()).toBe(0);
  });

  it.each(['readManifest', 'readBlob', 'startBlob', 'send', 'writeManifest', 'resolveManifest'] as const)(
    'stops at %s with ABORTED on every mirror, leaving neither a promise nor a timer',
    async (operation) => {
      const controller = new AbortController();
      const { start, clock } = bench((call) => {
        if (call.operation === operation) controller.abort(new Error('stopped'));
      });
      const copying = start(teed(1), [FIRST, SECOND], { signal: controller.signal });
      const both = start(crowded(2), [FIRST, SECOND], { signal: controller.signal });
      await clock.advance(0);
      for (const result of [await copying.done, await both.done])
        expect(errorsOf(result)).toEqual(['ABORTED', 'ABORTED']);
      await Promise.all([copying.released, both.released]);
      expect(clock.pending()).toBe(0);
    },
  );

  it('leaves a tag that points elsewhere, writes the others, and does not rewrite existing ones', async () => {
    const [image, other] = [buildImage({ seed: 1 }), buildImage({ seed: 2 })];
    const { registry, start, clock, calls } = bench();
    const { digest } = storeImage(registry.store('first.test'), 'app', image, ['right']);
    const { digest: current } = storeImage(registry.store('first.test'), 'app', other, ['moved']);
    const copying = start(image, [FIRST], { tags: ['free', 'moved', 'right'] });
    expect(await within(clock, 10_000, copying.done)).toBe(true);
    const { mirrors } = await copying.done;
    expect(mirrors).toMatchObject([{ moves: [{ tag: 'moved', current }] }]);
    expect(mirrors[0]?.error).toBeUndefined();
    const store = registry.store('first.test');
    expect(['free', 'moved', 'right'].map((tag) => store.resolve('app', tag))).toEqual([digest, current, digest]);
    expect(calls.filter(({ operation }) => operation === 'writeManifest').map(({ reference }) => reference)).toEqual([
      'free',
    ]);
  });

  it('moves a tag if the job permits it for the current digest', async () => {
    const [image, other] = [buildImage({ seed: 1 }), buildImage({ seed: 2 })];
    const { registry, start, clock } = bench();
    const { digest: current } = storeImage(registry.store('first.test'), 'app', other, ['v1']);
    const asked: string[] = [];
    const mayReplace = async (found: string): Promise<boolean> => asked.push(found) > 0;
    const copying = start(image, [FIRST], { tags: ['v1'], mayReplace });
    expect(await within(clock, 10_000, copying.done)).toBe(true);
    expect((await copying.done).mirrors).toMatchObject([{ moves: [] }]);
    expect(asked).toEqual([current]);
    expect(registry.store('first.test').resolve('app', 'v1')).toBe(image.manifest.descriptor.digest);
  });

  it('fails only the image that meets a defect', async () => {
    const { start } = bench(({ operation }) => {
      if (operation === 'startBlob') throw new TypeError('a bug');
    });
    const { mirrors } = await start(buildImage({ seed: 1 }), [FIRST]).done;
    expect(mirrors.map(({ error }) => error?.code)).toEqual(['INTERNAL']);
  });
});
