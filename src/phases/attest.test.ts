import { describe, expect, it } from 'vitest';
import { testContext } from '../../test/support/promotion/context.ts';
import { candidate, numbered, promotionOf } from '../../test/support/promotion/promoted.ts';
import type { RunEvent } from '../events.ts';
import { PromotionError } from '../errors.ts';
import { attest, type Attestation } from './attest.ts';
import type { SignedImage } from './images.ts';
import type { RecordRequest, SigningServices } from './signing/services.ts';
import { countTraffic } from './reading/traffic.ts';

type Attested = {
  readonly attestation: Attestation;
  readonly asked: readonly RecordRequest[];
  readonly log: readonly string[];
  readonly events: readonly RunEvent[];
};

async function attesting(images: readonly SignedImage[], record?: SigningServices['record']): Promise<Attested> {
  const asked: RecordRequest[] = [];
  const { context, log, events } = testContext();
  const promotion = promotionOf(images.map(({ planned }) => planned));
  const phase = attest({
    traffic: countTraffic(),
    concurrency: 2,
    carry: () => Promise.resolve({ carried: 0, left: [] }),
    prove: () => Promise.reject(new Error('no policy asks for anything')),
    record: (request, call) => {
      asked.push(request);
      return record === undefined ? Promise.resolve('written') : record(request, call);
    },
  });
  const signing = { images, failures: [] };
  return { attestation: await phase.run({ ...promotion, signing }, context), asked, log, events };
}

const signed = (index: number, given: Parameters<typeof candidate>[1] = {}): SignedImage => ({
  planned: candidate(index, given),
  signature: 'written',
});

describe('src/phases/attest.ts', () => {
  it('records each signed image with the tags and the entry that it was promoted for', async () => {
    const { attestation, asked, log, events } = await attesting([signed(1, { tags: ['v1', 'v2'] })]);
    const { wanted } = candidate(1, { tags: ['v1', 'v2'] });
    const { tagPositions: _, ...facts } = wanted;
    expect(asked).toMatchObject([
      { repository: 'b.test/app', digest: numbered(1), reference: 'prod.test/app', tags: ['v1', 'v2'], wanted: facts },
    ]);
    expect(attestation.images.map(({ record }) => record)).toEqual(['written']);
    expect(events).toEqual([
      { type: 'progress', unit: 'images', done: 0, total: 1, failed: 0 },
      { type: 'image-recorded', image: 'app', digest: numbered(1), reference: 'prod.test/app' },
      { type: 'progress', unit: 'images', done: 1, total: 1, failed: 0 },
    ]);
    expect(log).toContain(`info Promotion record attestation: pushing for prod.test/app@${numbered(1)}`);
  });

  it('sends no request for an image that is recorded', async () => {
    const { attestation, asked } = await attesting([signed(1, { lacks: { signature: true, record: false } })]);
    expect(asked).toEqual([]);
    expect(attestation.images.map(({ record }) => record)).toEqual(['there']);
  });

  it('fails only the image that cannot be recorded, and records the others', async () => {
    const { attestation, events } = await attesting([signed(1), signed(2)], ({ digest }) =>
      digest === numbered(1)
        ? Promise.reject(new PromotionError('SIGNING_SERVICE', 'Rekor: 502'))
        : Promise.resolve('there'),
    );
    expect(attestation.images.map(({ planned, record }) => [planned.wanted.digest, record])).toEqual([
      [numbered(2), 'there'],
    ]);
    expect(events.filter(({ type }) => type === 'progress').at(-1)).toMatchObject({ done: 2, failed: 1 });
    expect(events.filter(({ type }) => type === 'failed')).toMatchObject([
      { phase: 'attest', code: 'SIGNING_SERVICE' },
    ]);
    expect(attestation.failures.map(({ phase, message }) => [phase, message])).toEqual([
      ['attest', `recording prod.test/app@${numbered(1)}: Rekor: 502`],
    ]);
  });

  it('fails only the image with a defect', async () => {
    const { attestation } = await attesting([signed(1), signed(2)], ({ digest }) =>
      digest === numbered(1) ? Promise.reject(new TypeError('a bug')) : Promise.resolve('there'),
    );
    expect(attestation.images.map(({ planned }) => planned.wanted.digest)).toEqual([numbered(2)]);
    expect(attestation.failures.at(-1)).toMatchObject({ code: 'INTERNAL', digest: numbered(1) });
  });
});
