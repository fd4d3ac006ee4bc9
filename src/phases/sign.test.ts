import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { testContext } from '../../test/support/promotion/context.ts';
import { candidate, numbered, promotedTo, promotionOf } from '../../test/support/promotion/promoted.ts';
import type { RunEvent } from '../events.ts';
import { PromotionError } from '../errors.ts';
import { sign, type Signing } from './sign.ts';
import type { SigningServices, SignRequest } from './signing/services.ts';
import { countTraffic } from './reading/traffic.ts';

type Signed = {
  readonly signing: Signing;
  readonly asked: readonly SignRequest[];
  readonly log: readonly string[];
  readonly events: readonly RunEvent[];
};

async function signing(
  outputs: ReturnType<typeof promotionOf>,
  given: Partial<SigningServices> & { readonly fail?: (request: SignRequest) => Error | undefined } = {},
): Promise<Signed> {
  const asked: SignRequest[] = [];
  const { context, log, events } = testContext();
  const phase = sign({
    traffic: countTraffic(),
    concurrency: 1,
    isSigned: ({ tags }) => tags.length > 0,
    sign: async (request) => {
      asked.push(request);
      const error = given.fail?.(request);
      if (error !== undefined) throw error;
      return 'written';
    },
    ...given,
  });
  return { signing: await phase.run(outputs, context), asked, log, events };
}

describe('src/phases/sign.ts', () => {
  it('signs due images and those without a signature, once under their public name', async () => {
    const entered = candidate(2, { why: 'entered', lacks: { signature: true, record: false } });
    const { signing: done, asked, log, events } = await signing(promotionOf([candidate(1), entered]));
    expect(asked).toEqual(
      [1, 2].map((index) => ({ repository: 'b.test/app', digest: numbered(index), reference: 'prod.test/app' })),
    );
    expect(done.images.map(({ signature }) => signature)).toEqual(['written', 'written']);
    expect(log).toContain(`info Signing image prod.test/app@${numbered(1)}`);
    const signed = { type: 'image-signed', image: 'app', reference: 'prod.test/app' };
    expect(events).toEqual([
      { type: 'progress', unit: 'images', done: 0, total: 2, failed: 0 },
      { ...signed, digest: numbered(1) },
      { type: 'progress', unit: 'images', done: 1, total: 2, failed: 0 },
      { ...signed, digest: numbered(2) },
      { type: 'progress', unit: 'images', done: 2, total: 2, failed: 0 },
    ]);
  });

  it('does not sign images that lack only a record, or have no tags', async () => {
    const recorded = candidate(1, { lacks: { signature: false, record: true } });
    const { signing: done, asked, events } = await signing(promotionOf([recorded, candidate(2, { tags: [] })]));
    expect(asked).toEqual([]);
    expect(done.images.map(({ signature }) => signature)).toEqual(['there', 'unwanted']);
    expect(events.map(({ type }) => type)).toEqual(['progress', 'progress', 'progress']);
  });

  it('passes the staging repository of an image that this run copied, to keep its signatures', async () => {
    const promoted = [
      promotedTo(1, { repository: 'b.test/app', action: 'copy' }),
      promotedTo(2, { repository: 'b.test/app', action: 'tag' }, { repository: 'c.test/app', action: 'copy' }),
    ];
    const { asked } = await signing(promotionOf([candidate(1), candidate(2)], promoted));
    expect(asked.map(({ staging }) => staging)).toEqual(['a.test/app', undefined]);
  });

  it('does not sign an image whose copy failed, and reports no second failure', async () => {
    const promoted = [
      promotedTo(
        1,
        { repository: 'b.test/app', action: 'copy', fails: true },
        { repository: 'c.test/app', action: 'copy' },
      ),
      promotedTo(2, { repository: 'c.test/app', action: 'copy', fails: true }),
    ];
    const { signing: done, asked } = await signing(promotionOf([candidate(1), candidate(2)], promoted));
    expect(asked.map(({ digest }) => digest)).toEqual([numbered(2)]);
    expect(done.failures).toEqual([]);
  });

  it('fails only the image that cannot be signed, with file and line, and signs the others', async () => {
    const fail = ({ digest }: SignRequest): Error | undefined =>
      digest === numbered(1) ? new PromotionError('SIGNING_SERVICE', 'Fulcio: 429', { hint: 'run again' }) : undefined;
    const { signing: done, log } = await signing(promotionOf([candidate(1), candidate(2)]), { fail });
    expect(done.images.map(({ planned }) => planned.wanted.digest)).toEqual([numbered(2)]);
    expect(done.failures).toEqual([
      {
        phase: 'sign',
        code: 'SIGNING_SERVICE',
        message: `signing prod.test/app@${numbered(1)}: Fulcio: 429`,
        hint: 'run again',
        at: candidate(1).wanted.at,
        image: 'app',
        digest: numbered(1),
        source: `a.test/app@${numbered(1)}`,
        refs: [`b.test/app@${numbered(1)}`],
      },
    ]);
    expect(log.filter((line) => line.startsWith('error'))).toHaveLength(1);
  });

  it('stops at the first signature that is not ours: the rest fails without a request', async () => {
    const fail = (): Error =>
      new PromotionError('SIGNATURE_MISMATCH', 'it is in the name of others', { hint: 'check' });
    const { signing: done, asked } = await signing(promotionOf([1, 2, 3].map((index) => candidate(index))), { fail });
    expect(asked).toHaveLength(1);
    expect(done.images).toEqual([]);
    expect(done.failures.map(({ code, digest }) => [code, digest])).toEqual(
      [1, 2, 3].map((index) => ['SIGNATURE_MISMATCH', numbered(index)]),
    );
  });

  it('fails only the image with a defect, and logs the defect', async () => {
    const { signing: done, log } = await signing(promotionOf([candidate(1), candidate(2)]), {
      fail: ({ digest }) => (digest === numbered(1) ? new TypeError('a bug') : undefined),
    });
    expect(done.images.map(({ planned }) => planned.wanted.digest)).toEqual([numbered(2)]);
    expect(done.failures.at(-1)).toMatchObject({ code: 'INTERNAL', digest: numbered(1) });
    expect(log.some((line) => line.startsWith('debug TypeError: a bug\n    at '))).toBe(true);
  });

  it('signs no more images at once than its limit', async () => {
    const waiting: (() => void)[] = [];
    const services: Partial<SigningServices> = {
      concurrency: 2,
      sign: () => new Promise((resolve) => waiting.push(() => resolve('written'))),
    };
    const done = signing(promotionOf([1, 2, 3].map((index) => candidate(index))), services);
    await setImmediate();
    expect(waiting).toHaveLength(2);
    waiting[0]?.();
    await setImmediate();
    expect(waiting).toHaveLength(3);
    for (const go of waiting) go();
    expect((await done).signing.images).toHaveLength(3);
  });
});
