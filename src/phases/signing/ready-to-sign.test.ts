import { describe, expect, it } from 'vitest';
import { candidate, promotedTo, promotionOf } from '../../../test/support/promotion/promoted.ts';
import { readyToSign } from './ready-to-sign.ts';

describe('src/phases/signing/ready-to-sign.ts', () => {
  it('takes what was copied with where it came from, what was there, and not what failed', () => {
    const copied = promotedTo(1, { repository: 'b.test/app', action: 'copy' });
    const failed = promotedTo(2, { repository: 'b.test/app', action: 'copy', fails: true });
    const ready = readyToSign(promotionOf([candidate(1), candidate(2), candidate(3)], [copied, failed]));
    expect(ready.map(({ wanted, staging }) => [wanted.digest, staging])).toEqual([
      [candidate(1).wanted.digest, 'a.test/app'],
      [candidate(3).wanted.digest, undefined],
    ]);
  });

  it('does not take what was planned and held back, though its primary has it', () => {
    const held = candidate(4);
    const outputs = promotionOf([held, candidate(3)]);
    const images = [{ wanted: held.wanted, targets: [] }];
    const ready = readyToSign({ ...outputs, plan: { ...outputs.plan, images } });
    expect(ready.map(({ wanted }) => wanted.digest)).toEqual([candidate(3).wanted.digest]);
  });
});
