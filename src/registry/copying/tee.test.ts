import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { isPromotionError } from '../../errors.ts';
import { tee, TEE_DEFAULTS } from './tee.ts';

/** Chunks are small here: the window is ten of them. */
const CHUNK = 100;
const WINDOW = 10 * CHUNK;

const optionsOn = (clock: FakeClock): Parameters<typeof tee>[2] => ({ ...TEE_DEFAULTS, clock, window: WINDOW });

function chunksOf(sizes: readonly number[]): Uint8Array[] {
  return sizes.map((size, index) => new Uint8Array(size).fill(index));
}

function alike(count: number): Uint8Array[] {
  return chunksOf(Array.from({ length: count }, () => CHUNK));
}

async function* sourceOf(chunks: Iterable<Uint8Array>, end?: Error): AsyncGenerator<Uint8Array> {
  yield* chunks;
  if (end !== undefined) throw end;
}

type Outcome = { chunks: number; bytes: number[]; readonly began: number; ended?: number; error?: unknown };

/** Reads a branch at one chunk in `msPerChunk`. */
function readAt(clock: FakeClock, branch: AsyncIterable<Uint8Array> | undefined, msPerChunk: number): Outcome {
  const outcome: Outcome = { chunks: 0, bytes: [], began: clock.now() };
  const read = async (): Promise<void> => {
    try {
      for await (const chunk of branch ?? []) {
        outcome.chunks += 1;
        outcome.bytes.push(chunk[0] ?? -1);
        await clock.wait(msPerChunk);
      }
    } catch (error) {
      outcome.error = error;
    }
    outcome.ended = clock.now() - outcome.began;
  };
  void read();
  return outcome;
}

const FAST = 100;

/** Reads 120 chunks, twelve seconds at full speed, with one reader for each time a chunk takes. */
async function race(msPerChunk: readonly number[], untilMs: number): Promise<Outcome[]> {
  const clock = fakeClock();
  const branches = tee(sourceOf(alike(120)), msPerChunk.length, optionsOn(clock));
  const readers = msPerChunk.map((ms, index) => readAt(clock, branches[index], ms));
  await clock.advance(untilMs);
  return readers;
}

describe('src/registry/copying/tee', () => {
  it('passes all chunks in order to every reader, at any speed, within the window', async () => {
    const reader = fc.record({ turns: fc.integer({ min: 0, max: 4 }), leaveAfter: fc.option(fc.nat({ max: 40 })) });
    const sizes = fc.array(fc.integer({ min: 1, max: 3 * CHUNK }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(reader, { minLength: 1, maxLength: 4 }), async (lengths, readers) => {
        const chunks = chunksOf(lengths);
        const read = readers.map(() => ({ bytes: 0, over: false, seen: [] as Uint8Array[] }));
        let pulled = 0;
        let furthest = 0;
        const watched = async function* (): AsyncGenerator<Uint8Array> {
          for (const chunk of chunks) {
            pulled += chunk.length;
            const reading = read.filter(({ over }) => !over).map(({ bytes }) => bytes);
            furthest = Math.max(furthest, pulled - Math.min(pulled, ...reading));
            yield chunk;
          }
        };
        const branches = tee(watched(), readers.length, optionsOn(fakeClock()));
        await Promise.all(
          readers.map(async ({ turns, leaveAfter }, index) => {
            const mine = read[index];
            for await (const chunk of branches[index] ?? []) {
              for (let turn = 0; turn < turns; turn += 1) await setImmediate();
              mine?.seen.push(chunk);
              if (mine !== undefined) mine.bytes += chunk.length;
              if (mine?.seen.length === leaveAfter) break;
            }
            if (mine !== undefined) mine.over = true;
          }),
        );
        for (const [index, { leaveAfter }] of readers.entries()) {
          expect(read[index]?.seen).toEqual(leaveAfter ? chunks.slice(0, leaveAfter) : chunks);
        }
        // The window, the chunk that overfilled it, the one in hand, and the one that its reader has not yet counted.
        expect(furthest).toBeLessThanOrEqual(WINDOW + 3 * 3 * CHUNK);
      }),
      { numRuns: 100 },
    );
  });

  it('reads nothing from the source until the first reader starts', async () => {
    let begun = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      begun = true;
      yield new Uint8Array(1);
    };
    const [branch] = tee(source(), 1, optionsOn(fakeClock()));
    await setImmediate();
    expect(begun).toBe(false);
    await branch?.[Symbol.asyncIterator]().next();
    expect(begun).toBe(true);
  });

  it('bounds memory for a source of any length while one reader does not read', async () => {
    let pulled = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        pulled += CHUNK;
        yield new Uint8Array(CHUNK);
      }
    };
    const clock = fakeClock();
    const [first] = tee(endless(), 2, optionsOn(clock));
    const outcome = readAt(clock, first, 0);
    await clock.advance(TEE_DEFAULTS.shortestLag - 1);
    expect(pulled).toBe(WINDOW + CHUNK);
    expect(outcome.chunks).toBe(WINDOW / CHUNK);
    await first?.[Symbol.asyncIterator]().return?.();
  });

  it('cuts off a reader that made the others wait two seconds, and delays them by no more than that', async () => {
    const [fast, other, slow] = await race([FAST, FAST, 50 * FAST], 30_000);
    expect(isPromotionError(slow?.error, 'LAGGING')).toBe(true);
    for (const reader of [fast, other]) {
      expect(reader).toMatchObject({ chunks: 120, bytes: Array.from({ length: 120 }, (_, index) => index) });
      expect(reader?.error).toBeUndefined();
      expect(reader?.ended).toBeLessThanOrEqual(120 * FAST + TEE_DEFAULTS.shortestLag + FAST);
    }
  });

  it.each([10, 20, 30])(
    'does not cut off a reader that is slower than the others by %i in a hundred',
    async (percent) => {
      const [fast, slow] = await race([FAST, (FAST * 100) / (100 - percent)], 30_000);
      expect(slow?.error).toBeUndefined();
      expect([fast?.chunks, slow?.chunks]).toEqual([120, 120]);
    },
  );

  it('does not cut off a reader that pauses for less than two seconds', async () => {
    const clock = fakeClock();
    const [first, second] = tee(sourceOf(alike(100)), 2, optionsOn(clock));
    const fast = readAt(clock, first, FAST);
    // Asked for later: until then it reads nothing. The window lasts one second, the pause 1.9 seconds more.
    await clock.advance(WINDOW / (CHUNK / FAST) + TEE_DEFAULTS.shortestLag - FAST);
    const late = readAt(clock, second, FAST);
    await clock.advance(20_000);
    expect([fast.chunks, late.chunks, late.error]).toEqual([100, 100, undefined]);
  });

  /** Reads 100 chunks with two readers at one chunk in `msPerChunk`; the second one pauses for `pause` after each 25. */
  const pausing = async (msPerChunk: number, pause: number): Promise<readonly [Outcome, Outcome]> => {
    const clock = fakeClock();
    const [first, second] = tee(sourceOf(alike(100)), 2, optionsOn(clock));
    const withPauses = async function* (): AsyncGenerator<Uint8Array> {
      let read = 0;
      for await (const chunk of second ?? []) {
        yield chunk;
        read += 1;
        if (read % 25 === 0) await clock.wait(pause);
      }
    };
    const outcomes = [readAt(clock, first, msPerChunk), readAt(clock, withPauses(), msPerChunk)] as const;
    await clock.advance(400_000);
    return outcomes;
  };

  it('does not cut off a reader for pauses that are short beside the whole read', async () => {
    for (const outcome of await pausing(500, 6_000)) expect([outcome.chunks, outcome.error]).toEqual([100, undefined]);
  });

  it('cuts off a reader after ten seconds, however slow all are', async () => {
    const [other, paused] = await pausing(1_000, 60_000);
    expect([other.chunks, other.error]).toEqual([100, undefined]);
    expect(isPromotionError(paused.error, 'LAGGING')).toBe(true);
    expect(other.ended).toBeLessThanOrEqual(100 * 1_000 + TEE_DEFAULTS.longestLag + 1_000);
  });

  it('cuts off no reader when all are equally slow', async () => {
    const readers = await race([3_000, 3_000, 3_000], 400_000);
    for (const reader of readers) expect(reader).toMatchObject({ chunks: 120 });
    for (const { error } of readers) expect(error).toBeUndefined();
  });

  it('cuts off no reader for a slow source', async () => {
    const clock = fakeClock();
    const slowly = async function* (): AsyncGenerator<Uint8Array> {
      for (const chunk of alike(20)) {
        await clock.wait(3_000);
        yield chunk;
      }
    };
    const readers = tee(slowly(), 2, optionsOn(clock)).map((branch, index) => readAt(clock, branch, index * 2_000));
    await clock.advance(100_000);
    for (const reader of readers) expect([reader.chunks, reader.error]).toEqual([20, undefined]);
  });

  it('passes the source’s error to every reader, after all chunks before it', async () => {
    const broken = new Error('the source broke off');
    const clock = fakeClock();
    const branches = tee(sourceOf(chunksOf([1, 2, 3]), broken), 3, optionsOn(clock));
    const readers = branches.map((branch, index) => readAt(clock, branch, index * 100));
    await clock.advance(1_000);
    for (const reader of readers) expect([reader.bytes, reader.error]).toEqual([[0, 1, 2], broken]);
  });

  it('ends the source when the last reader has left, and leaves no timer', async () => {
    const clock = fakeClock();
    let closed = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(CHUNK);
      } finally {
        closed = true;
      }
    };
    const branches = tee(source(), 2, optionsOn(clock));
    for (const branch of branches) {
      expect(closed).toBe(false);
      for await (const chunk of branch) if (chunk.length > 0) break;
    }
    await setImmediate();
    expect([closed, clock.pending()]).toEqual([true, 0]);
  });

  it('wakes a waiting reader that is told to leave', async () => {
    const silent: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    };
    const iterator = tee(silent, 1, optionsOn(fakeClock()))[0]?.[Symbol.asyncIterator]();
    const waiting = iterator?.next();
    await iterator?.return?.();
    await expect(waiting).resolves.toEqual({ done: true, value: undefined });
  });
});
