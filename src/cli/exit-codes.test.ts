import { describe, expect, it } from 'vitest';
import { exitCode, stopReason, stopSignalOf } from './exit-codes.ts';

describe('src/cli/exit-codes.ts', () => {
  it.each([
    [{ failures: 0, pending: 0, detailed: false }, 0],
    [{ failures: 0, pending: 3, detailed: false }, 0],
    [{ failures: 0, pending: 0, detailed: true }, 0],
    [{ failures: 0, pending: 3, detailed: true }, 2],
    [{ failures: 1, pending: 3, detailed: true }, 1],
    [{ failures: 1, pending: 0, detailed: false }, 1],
    [{ failures: 1, pending: 3, detailed: true, signal: 'SIGINT' }, 130],
    [{ failures: 0, pending: 0, detailed: false, signal: 'SIGTERM' }, 143],
  ] as const)('maps %j to exit code %j', (outcome, expected) => {
    expect(exitCode(outcome)).toBe(expected);
  });

  it('returns the signal of an abort reason', () => {
    expect(stopSignalOf(AbortSignal.abort(stopReason('SIGTERM')))).toBe('SIGTERM');
    expect(stopSignalOf(AbortSignal.abort(new Error('SIGTERM')))).toBeUndefined();
    expect(stopSignalOf(new AbortController().signal)).toBeUndefined();
  });
});
