import { describe, expect, it } from 'vitest';
import { failureOf, PromotionError } from './errors.ts';

describe('src/errors.ts', () => {
  it('builds a failure from an error, with its hint if there is one', () => {
    const error = new PromotionError('DENIED', 'writing: 403', { hint: 'ask' });
    expect(failureOf('promote', error)).toEqual({
      phase: 'promote',
      code: 'DENIED',
      message: 'writing: 403',
      hint: 'ask',
    });
    expect(failureOf('plan', new PromotionError('LOST', 'gone')).hint).toBeUndefined();
  });

  it('replaces the message by the given one', () => {
    const failure = failureOf('sign', new PromotionError('DENIED', '403'), {
      message: 'signing app: 403',
      image: 'app',
    });
    expect(failure).toEqual({ phase: 'sign', code: 'DENIED', message: 'signing app: 403', image: 'app' });
  });
});
