import { describe, expect, it } from 'vitest';
import { checkedImage, finding } from '../../../test/support/promotion/checked.ts';
import { testContext } from '../../../test/support/promotion/context.ts';
import { numbered } from '../../../test/support/promotion/promoted.ts';
import { PromotionError } from '../../errors.ts';
import type { CheckedImage } from './checked-images.ts';
import { signWrong, type SignedWrong } from './sign-wrong.ts';
import { countTraffic } from '../reading/traffic.ts';

type Signed = { readonly done: SignedWrong; readonly asked: readonly string[]; readonly log: readonly string[] };

async function signed(
  wrong: readonly CheckedImage[],
  fail: () => Error | undefined = () => undefined,
): Promise<Signed> {
  const asked: string[] = [];
  const { context, log } = testContext();
  const services = {
    traffic: countTraffic(),
    concurrency: 1,
    sign: async ({
      repository,
      digest,
      staging = 'nowhere',
    }: {
      repository: string;
      digest: string;
      staging?: string | undefined;
    }) => {
      asked.push(`sign ${repository} ${digest.slice(-1)} with ${staging}`);
      const error = fail();
      if (error !== undefined) throw error;
      return 'written' as const;
    },
    record: async ({ digest, tags }: { digest: string; tags: readonly string[] }) => {
      asked.push(`record ${digest.slice(-1)} ${tags.join(' ')}`);
      return 'written' as const;
    },
  };
  return { done: await signWrong(services, wrong, context), asked, log };
}

const record = (index: number): ReturnType<typeof finding> => finding(index, { what: 'record' });

describe('src/phases/sigcheck/sign-wrong.ts', () => {
  it('signs and records only what is wrong on the primary', async () => {
    const elsewhere = { repositories: ['b.test/app'] };
    const { done, asked, log } = await signed([
      checkedImage(1, finding(1), record(1)),
      checkedImage(2, record(2)),
      checkedImage(3, finding(3, elsewhere), finding(3, { status: 'verified' })),
    ]);
    expect(asked).toEqual(['sign a.test/app 1 with nowhere', 'record 1 v1', 'record 2 v2']);
    expect(done).toEqual({ signed: 1, recorded: 2, failures: [] });
    expect(log).toEqual([
      `info Signing image prod.test/app@${numbered(1)}`,
      `info Promotion record attestation: pushing for prod.test/app@${numbered(1)}`,
      `info Promotion record attestation: pushing for prod.test/app@${numbered(2)}`,
    ]);
  });

  it('keeps the signatures of a mirror', async () => {
    const there = finding(1, { status: 'untrusted', repositories: ['c.test/app'] });
    expect((await signed([checkedImage(1, finding(1), there)])).asked).toEqual(['sign a.test/app 1 with c.test/app']);
  });

  it('fails an image that cannot be signed, and continues', async () => {
    const errors = [new PromotionError('SIGNING_SERVICE', 'Fulcio: 503', { hint: 'run again' })];
    const wrong = [checkedImage(1, finding(1), record(1)), checkedImage(2, finding(2))];
    const { done, asked } = await signed(wrong, () => errors.pop());
    expect(asked).toHaveLength(2);
    expect(done).toEqual({
      signed: 1,
      recorded: 0,
      failures: [
        {
          phase: 'repair',
          code: 'SIGNING_SERVICE',
          message: `repairing prod.test/app@${numbered(1)}: Fulcio: 503`,
          hint: 'run again',
          image: 'app',
          digest: numbered(1),
          refs: [`a.test/app@${numbered(1)}`],
        },
      ],
    });
  });

  it('stops at the first signature that is not ours', async () => {
    const fail = (): Error => new PromotionError('SIGNATURE_MISMATCH', 'it is by others');
    const { done, asked } = await signed(
      [1, 2, 3].map((index) => checkedImage(index, finding(index))),
      fail,
    );
    expect(asked).toHaveLength(1);
    expect(done.failures.map(({ code }) => code)).toEqual(Array(3).fill('SIGNATURE_MISMATCH'));
  });

  it('fails only the image with a defect', async () => {
    const images = [1, 2].map((index) => checkedImage(index, finding(index)));
    const errors = [new TypeError('a bug')];
    const { done } = await signed(images, () => errors.pop());
    expect(done.signed).toBe(1);
    expect(done.failures).toMatchObject([{ code: 'INTERNAL', digest: numbered(1) }]);
  });
});
