import { describe, expect, it } from 'vitest';
import { PromotionError } from '../errors.ts';
import { errorExitCode, exitCode, stopReason, stopSignalOf } from './exit-codes.ts';

describe('src/cli/exit-codes.ts', () => {
  const PASSES = [{ code: 'NETWORK' }, { code: 'RATE_LIMITED' }, { code: 'SIGNING_SERVICE' }] as const;
  const LASTS = [{ code: 'NETWORK', lasting: true }] as const;
  const MIXED = [...PASSES, { code: 'TAG_MOVE' }] as const;

  it.each([
    [{ failures: [], pending: 0, detailed: false }, 0],
    [{ failures: [], pending: 0, detailed: true }, 0],
    [{ failures: [], pending: 3, detailed: true }, 2],
    [{ failures: MIXED, pending: 3, detailed: true }, 1],
    [{ failures: LASTS, pending: 0, detailed: true }, 1],
    [{ failures: PASSES, pending: 3, detailed: true }, 75],
    [{ failures: PASSES, pending: 0, detailed: false }, 1],
    [{ failures: PASSES, pending: 3, detailed: true, signal: 'SIGINT' }, 130],
    [{ failures: [], pending: 0, detailed: false, signal: 'SIGTERM' }, 143],
  ] as const)('maps %j to exit code %j', (outcome, expected) => {
    expect(exitCode(outcome)).toBe(expected);
  });

  it('returns 1 for a defect, and 75 only for an error that may pass', () => {
    const { signal } = new AbortController();
    expect(errorExitCode([new Error('defect')], true, signal)).toBe(1);
    expect(errorExitCode([new PromotionError('TIMEOUT', 'slow')], true, signal)).toBe(75);
    expect(errorExitCode([new PromotionError('TIMEOUT', 'slow')], false, signal)).toBe(1);
  });

  it('returns the signal of an abort reason', () => {
    expect(stopSignalOf(AbortSignal.abort(stopReason('SIGTERM')))).toBe('SIGTERM');
    expect(stopSignalOf(AbortSignal.abort(new Error('SIGTERM')))).toBeUndefined();
    expect(stopSignalOf(new AbortController().signal)).toBeUndefined();
  });
});
