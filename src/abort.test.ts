import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onAbort } from './abort.ts';

describe('src/abort', () => {
  it('calls every registered function once', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const cancels = ['a', 'b', 'c', 'd'].map((name) => onAbort(controller.signal, () => called.push(name)));
    cancels[1]?.();
    cancels[1]?.();
    controller.abort();
    controller.abort();
    expect(called.toSorted()).toEqual(['a', 'c', 'd']);
  });

  it('cancels the right function, in any order', () => {
    const controller = new AbortController();
    const called: number[] = [];
    const cancels = Array.from({ length: 6 }, (_, number) => onAbort(controller.signal, () => called.push(number)));
    for (const number of [0, 5, 2]) cancels[number]?.();
    controller.abort();
    expect(new Set(called)).toEqual(new Set([1, 3, 4]));
  });

  it('calls functions that another one cancels meanwhile', () => {
    const controller = new AbortController();
    let calls = 0;
    const second = (): void => void (calls += 1);
    onAbort(controller.signal, () => cancel());
    const cancel = onAbort(controller.signal, second);
    controller.abort();
    expect(calls).toBe(1);
  });

  it('adds one listener to the signal, and removes it with the last function', () => {
    const { signal } = new AbortController();
    const cancels = [1, 2, 3].map(() => onAbort(signal, () => {}));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const cancel of cancels) cancel();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('works again after all functions were cancelled', () => {
    const controller = new AbortController();
    onAbort(controller.signal, () => {})();
    let called = false;
    onAbort(controller.signal, () => (called = true));
    controller.abort();
    expect(called).toBe(true);
  });
});
