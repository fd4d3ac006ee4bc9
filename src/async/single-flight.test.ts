import { describe, expect, it } from 'vitest';
import { rejection } from '../../test/support/http-request.ts';
import { singleFlight } from './single-flight.ts';

const forever = new AbortController().signal;

describe('src/async/single-flight.ts', () => {
  it('runs once for concurrent callers, and again afterwards', async () => {
    const flight = singleFlight<number>();
    let runs = 0;
    const run = (key: string): Promise<number> => flight(key, forever, async () => (runs += 1));
    expect(await Promise.all([run('a'), run('a'), run('b')])).toEqual([1, 1, 2]);
    expect(await run('a')).toBe(3);
  });

  it('rejects for all callers, and starts again afterwards', async () => {
    const flight = singleFlight<number>();
    const failing = async (): Promise<number> => Promise.reject(new Error('no'));
    expect(
      await Promise.all([rejection(flight('a', forever, failing)), rejection(flight('a', forever, failing))]),
    ).toEqual([new Error('no'), new Error('no')]);
    expect(await flight('a', forever, async () => 5)).toBe(5);
  });

  it('continues for the others when one aborts, and aborts with the last', async () => {
    const flight = singleFlight<string>();
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    let inner: AbortSignal | undefined;
    const start = (signal: AbortSignal): Promise<string> => {
      inner = signal;
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    };
    const left = rejection(flight('a', first.signal, start));
    const last = rejection(flight('a', second.signal, start));
    first.abort(new Error('first'));
    expect(await left).toEqual(new Error('first'));
    expect(inner?.aborted).toBe(false);
    second.abort(new Error('second'));
    expect(await last).toEqual(new Error('second'));
    expect(inner?.aborted).toBe(true);
    expect(await flight('a', third.signal, async () => 'anew')).toBe('anew');
    expect(await rejection(flight('b', first.signal, start))).toEqual(new Error('first'));
  });
});
