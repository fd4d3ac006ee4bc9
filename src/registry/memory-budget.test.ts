import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { memoryBudget } from './memory-budget.ts';

const PATIENCE = 2_000;
const never = new AbortController().signal;
const nothing = (): void => {};

/** Lets promises that can settle do so. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('src/registry/memory-budget', () => {
  it('never lends more than its total, in order of arrival, whoever returns or gives up', async () => {
    const step = fc.oneof(
      fc.record({ ask: fc.integer({ min: 0, max: 12 }) }),
      fc.record({ giveBack: fc.nat() }),
      fc.record({ giveUp: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const budget = memoryBudget(10, PATIENCE, fakeClock());
        let asked = 0;
        const waiting = new Map<number, AbortController>();
        const held = new Map<number, { readonly bytes: number; readonly giveBack: () => void }>();
        const lent = (): number => [...held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
        const pick = <T>(from: ReadonlyMap<number, T>, nth: number): number | undefined =>
          [...from.keys()][nth % Math.max(1, from.size)];
        for (const one of steps) {
          if ('ask' in one) {
            const id = (asked += 1);
            const controller = new AbortController();
            waiting.set(id, controller);
            const bytes = one.ask;
            budget.lend(bytes, nothing, controller.signal).then(
              (giveBack) => {
                // First come, first served: whoever still waits came later.
                expect(Math.min(...waiting.keys())).toBe(id);
                waiting.delete(id);
                held.set(id, { bytes, giveBack });
                expect(held.size === 1 || lent() <= 10).toBe(true);
              },
              () => waiting.delete(id),
            );
          } else if ('giveBack' in one) {
            const id = pick(held, one.giveBack);
            if (id !== undefined) held.get(id)?.giveBack();
            if (id !== undefined) held.delete(id);
          } else {
            const id = pick(waiting, one.giveUp);
            if (id !== undefined) waiting.get(id)?.abort(new Error('no more'));
          }
          await turn();
        }
        for (let rounds = 0; rounds <= steps.length && held.size > 0; rounds += 1) {
          for (const [id, { giveBack }] of held) {
            giveBack();
            giveBack();
            held.delete(id);
          }
          await turn();
        }
        expect({ waiting: waiting.size, held: held.size }).toEqual({ waiting: 0, held: 0 });
      }),
      { numRuns: 60 },
    );
  });

  it('grants one loan of more than the total when nothing else is lent', async () => {
    const budget = memoryBudget(10, PATIENCE, fakeClock());
    const first = await budget.lend(1, nothing, never);
    const granted = vi.fn<(giveBack: () => void) => void>();
    void budget.lend(100, nothing, never).then(granted);
    await turn();
    expect(granted).not.toHaveBeenCalled();
    first();
    await turn();
    expect(granted).toHaveBeenCalledOnce();
  });

  it('rejects with the reason of the signal and lets the next caller borrow', async () => {
    const clock = fakeClock();
    const budget = memoryBudget(10, PATIENCE, clock);
    await budget.lend(8, nothing, never);
    const leaving = new AbortController();
    const big = budget.lend(9, nothing, leaving.signal);
    const small = budget.lend(2, nothing, never);
    leaving.abort(new Error('the mirror left'));
    await expect(big).rejects.toThrow('the mirror left');
    await expect(small).resolves.toBeTypeOf('function');
    expect(clock.pending()).toBe(0);
  });

  it('loses no memory when a signal aborts in the same turn in which memory is returned', async () => {
    const budget = memoryBudget(10, PATIENCE, fakeClock());
    const giveBack = await budget.lend(10, nothing, never);
    const leaving = new AbortController();
    const waiting = budget.lend(10, nothing, leaving.signal);
    leaving.abort(new Error('gone'));
    giveBack();
    await expect(waiting).rejects.toThrow('gone');
    await expect(budget.lend(10, nothing, never)).resolves.toBeTypeOf('function');
  });

  it('rejects a signal that has already aborted', async () => {
    const budget = memoryBudget(10, PATIENCE, fakeClock());
    await expect(budget.lend(1, nothing, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });

  it('calls relieve repeatedly until the loan is granted', async () => {
    const clock = fakeClock();
    const budget = memoryBudget(10, PATIENCE, clock);
    const relieve = vi.fn<() => void>();
    const giveBack = await budget.lend(10, relieve, never);
    const waiting = budget.lend(1, nothing, never);
    await clock.advance(PATIENCE - 1);
    expect(relieve).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(relieve).toHaveBeenCalledTimes(1);
    await clock.advance(3 * PATIENCE);
    expect(relieve).toHaveBeenCalledTimes(4);
    giveBack();
    await waiting;
    await clock.advance(3 * PATIENCE);
    expect(relieve).toHaveBeenCalledTimes(4);
    expect(clock.pending()).toBe(0);
  });

  it('never calls relieve while no caller waits', async () => {
    const clock = fakeClock();
    const relieve = vi.fn<() => void>();
    await memoryBudget(10, PATIENCE, clock).lend(10, relieve, never);
    await clock.advance(10 * PATIENCE);
    expect(relieve).not.toHaveBeenCalled();
  });
});
