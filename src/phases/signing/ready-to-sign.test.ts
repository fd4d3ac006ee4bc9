import { describe, expect, it } from 'vitest';
import { candidate, promotedTo, promotionOf } from '../../../test/support/promotion/promoted.ts';
import { readyToSign } from './ready-to-sign.ts';

describe('src/phases/signing/ready-to-sign.ts', () => {
  it('returns copied images with their source and complete images, but no failed ones', () => {
    const copied = promotedTo(1, { repository: 'b.test/app', action: 'copy' });
    const failed = promotedTo(2, { repository: 'b.test/app', action: 'copy', fails: true });
    const ready = readyToSign(promotionOf([candidate(1), candidate(2), candidate(3)], [copied, failed]));
    expect(ready.map(({ wanted, staging }) => [wanted.digest, staging])).toEqual([
      [candidate(1).wanted.digest, 'a.test/app'],
      [candidate(3).wanted.digest, undefined],
    ]);
  });

  it('omits an image that was held back, even if its primary has it', () => {
    const held = candidate(4);
    const outputs = promotionOf([held, candidate(3)]);
    const images = [{ wanted: held.wanted, targets: [] }];
    const ready = readyToSign({ ...outputs, plan: { ...outputs.plan, images } });
    expect(ready.map(({ wanted }) => wanted.digest)).toEqual([candidate(3).wanted.digest]);
  });
});
