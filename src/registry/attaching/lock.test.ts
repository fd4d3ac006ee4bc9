import { describe, expect, it } from 'vitest';
import { subjectLock } from './lock.ts';

const signal = new AbortController().signal;
const lock = (): ReturnType<typeof subjectLock> => subjectLock(async () => undefined);

describe('src/registry/attaching/lock', () => {
  it('runs the work of one subject in order, one at a time, also after a failure', async () => {
    const { run } = lock();
    const told: string[] = [];
    const work =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        told.push(`${name} begins`);
        await Promise.resolve();
        told.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const all = [run('a', work('one'), signal), run('a', work('two', true), signal), run('a', work('three'), signal)];
    expect(await Promise.allSettled(all)).toMatchObject([
      { value: 'one' },
      { reason: { message: 'two' } },
      { value: 'three' },
    ]);
    expect(told).toEqual(['one begins', 'one ends', 'two begins', 'two ends', 'three begins', 'three ends']);
  });

  it('runs the work of different subjects concurrently', async () => {
    const { run } = lock();
    const { promise, resolve } = Promise.withResolvers<string>();
    const first = run('a', () => promise, signal);
    expect(await run('b', async () => 'b is done', signal)).toBe('b is done');
    resolve('a is done');
    expect(await first).toBe('a is done');
  });
});
