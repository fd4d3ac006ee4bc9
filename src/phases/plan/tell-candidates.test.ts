import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import type { CandidateServices } from './candidate-services.ts';
import { tellLeft, tellLook, tellNoIdentity } from './tell-candidates.ts';

const services = (since: number | 'all'): CandidateServices => ({
  rules: { since },
  young: () => expect.unreachable(),
  identity: () => expect.unreachable(),
  wantsTag: () => expect.unreachable(),
  rate: 60,
});

function told(tell: (context: ReturnType<typeof testContext>['context']) => void): readonly string[] {
  const { context, log } = testContext();
  tell(context);
  return log;
}

describe('src/phases/plan/tell-candidates.ts', () => {
  it('says how many digests are looked at, and how long that takes where it takes long', () => {
    expect(told((context) => tellLook(2, services(1), context))).toEqual([
      'info Looking at 2 digests (complete, and young enough for --repair-since) for missing signatures and records',
    ]);
    expect(told((context) => tellLook(36_000, services('all'), context))).toEqual([
      'info Looking at 36000 digests (all that are complete) for missing signatures and records; at 60 requests a second this takes 10m0s',
    ]);
  });

  it('says what is left alone and why, and nothing where nothing is', () => {
    expect(told((context) => tellLeft({ older: 0, undated: 0 }, context))).toEqual([]);
    expect(told((context) => tellLeft({ older: 3, undated: 1 }, context))).toEqual([
      'info 3 digests without a .sig tag older than --repair-since: counted, not signed',
      'info 1 digest without a .sig tag of unknown age, as neither Git nor the registry tells: only what this run copies or tags is signed',
    ]);
    expect(told((context) => tellNoIdentity(0, context))).toEqual([]);
  });
});
