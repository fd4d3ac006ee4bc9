import { describe, expect, it } from 'vitest';
import { PromotionError, type ErrorCode, type Side } from '../errors.ts';
import { outcomeOf, type Attempt, type Outcome } from './outcome.ts';

const failed = (code: ErrorCode, given: Partial<Attempt> & { readonly side?: Side } = {}): Attempt => ({
  requests: 1,
  ...given,
  error: new PromotionError(code, 'it failed', { side: given.side ?? 'destination' }),
});

const CASES: readonly (readonly [what: string, attempt: Attempt, outcome: Outcome])[] = [
  ['what was read back', { requests: 3 }, 'complete'],
  ['a mirror that refuses the write', failed('DENIED'), 'failed'],
  ['a read-back that differs', failed('INCOMPLETE', { isWritten: true }), 'failed'],
  ['a read-back that is refused', failed('DENIED', { isWritten: true }), 'unknown'],
  ['a mirror that is away', failed('NETWORK'), 'unknown'],
  ['a mirror that no longer takes the credentials', failed('UNAUTHORIZED'), 'unknown'],
  ['a mirror that answers 500', failed('REGISTRY_ERROR'), 'unknown'],
  ['a source that is away', failed('NETWORK', { side: 'source' }), 'failed'],
  ['a run that was stopped before it sent anything', failed('ABORTED', { requests: 0 }), 'pending'],
  ['a run that was stopped while it wrote', failed('ABORTED'), 'unknown'],
];

describe('src/pipeline/outcome.ts', () => {
  it.each(CASES)('decides the outcome of %s', (_, attempt, outcome) => {
    expect(outcomeOf(attempt)).toBe(outcome);
  });
});
