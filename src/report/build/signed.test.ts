import { describe, expect, it } from 'vitest';
import { candidate, numbered, promotedTo, promotionOf } from '../../../test/support/promotion/promoted.ts';
import type { RunReport } from '../model/report.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import type { Outputs } from '../outputs.ts';
import { buildReport } from './promotion.ts';
import { summaryText } from '../terminal/summary.ts';

const RUN: RunFacts = { version: 'v1', mode: 'promote', started: '2026-01-01T00:00:00.000Z', ms: 1000 };
const report = (outputs: Outputs, mode: RunFacts['mode'] = 'promote'): RunReport =>
  buildReport({ ...RUN, mode }, outputs, new Map());
const summary = (given: RunReport): string[] => summaryText(given).split('\n');

/** Two pending images, and a complete one without a record. */
function promotion(): ReturnType<typeof promotionOf> {
  const entered = candidate(3, { why: 'entered', lacks: { signature: false, record: true } });
  const images = [1, 2].map((index) => promotedTo(index, { repository: 'b.test/app', action: 'copy' }));
  const planned = [1, 2].map((index, at) => ({
    ...candidate(index),
    wanted: images[at]?.wanted ?? candidate(index).wanted,
  }));
  return promotionOf([...planned, entered], images);
}

/** The first is signed and recorded, the second neither, the third only recorded. */
function attested(): ReturnType<typeof promotion> & Required<Pick<Outputs, 'signing' | 'attestation'>> {
  const promoted = promotion();
  const [first, , third] = promoted.plan.signing?.images ?? [];
  if (first === undefined || third === undefined) throw new Error('there are three');
  const images = [
    { planned: first, signature: 'written' },
    { planned: third, signature: 'there' },
  ] as const;
  const attestation = {
    images: images.map((image) => ({ ...image, record: 'written' as const, carried: 0 })),
    failures: [],
  };
  return { ...promoted, signing: { images, failures: [] }, attestation };
}

describe('src/report/build/signed.ts', () => {
  it('reports signature, record and signed name of each image', () => {
    const { images } = report(attested());
    expect(
      images.map(({ digest, signature, targets }) => [digest, signature?.signature, signature?.record, targets.length]),
    ).toEqual([
      [numbered(1), 'written', 'written', 1],
      [numbered(2), 'missing', 'missing', 1],
      [numbered(3), 'there', 'written', 0],
    ]);
    expect(images[2]?.signature).toMatchObject({
      repository: 'b.test/app',
      reference: 'prod.test/app',
      why: 'entered',
    });
  });

  it('counts signed, recorded and unfinished digests', () => {
    expect(report(attested()).totals.signing).toEqual({ signed: 1, recorded: 2, complete: 0, left: 1, unsigned: 0 });
  });

  it('reports carried attestations and summaries, and kept insufficient summaries', () => {
    const run = attested();
    const [first, third] = run.attestation.images;
    if (first === undefined || third === undefined) throw new Error('two images are planned');
    const images = [
      { ...first, carried: 2, summary: 'written' as const },
      { ...third, summary: 'stuck' as const },
    ];
    const vouched = report({ ...run, attestation: { images, failures: [] } });
    expect(vouched.images.map(({ signature }) => [signature?.carried, signature?.summary])).toEqual([
      [2, 'written'],
      [undefined, undefined],
      [undefined, 'stuck'],
    ]);
    expect(vouched.totals.signing).toMatchObject({ carried: 2, summarized: 1, stuck: 1, left: 1 });
    expect(summary(vouched).join(' ').replaceAll(/\s+/g, ' ')).toContain(
      '1 digest signed, 2 recorded, 2 attestations carried, 1 summarized, 1 insufficient summary kept, 1 left to do',
    );
  });

  it('counts insufficient summaries of complete images, and missing summaries', () => {
    const { plan } = promotion();
    const [first] = plan.signing?.images ?? [];
    if (first === undefined) throw new Error('there are three');
    const lacking = { ...first, lacks: { signature: false, record: false, summary: true } };
    const signing = { images: [lacking], complete: 0, older: 0, undated: 0, stuck: ['prod.test/app@sha256:1'] };
    const { totals } = report({ plan: { ...plan, signing } }, 'dry-run');
    expect(totals.signing).toMatchObject({ stuck: 1, left: 1 });
  });

  it('counts digests that a stopped run did not reach as unfinished', () => {
    expect(report(promotion()).totals.signing).toMatchObject({ signed: 0, recorded: 0, left: 3 });
    expect(report({ plan: promotion().plan }, 'dry-run').totals.signing).toMatchObject({ left: 3 });
  });

  it('contains no signatures if the run does not sign', () => {
    const { signing: _, ...plan } = promotion().plan;
    expect(report({ plan }, 'dry-run').totals.signing).toBeUndefined();
    expect(summary(report({ plan }, 'dry-run')).join('\n')).not.toMatch(/sign/);
  });

  it('prints the totals in one line, and lists images that were only repaired', () => {
    const lines = summary(report(attested()));
    expect(lines).toContain('  1 digest signed, 2 recorded, 1 left to do');
    expect(lines.find((line) => line.includes('as prod.test/app'))).toMatch(
      /^  recorded +app +v1 +as prod\.test\/app +sha256:/,
    );
    expect(lines[1]).toMatch(/^Summary: 2 of 0 images promoted/);
  });

  it('prints in a dry run the digests to sign, and the skipped ones', () => {
    const { plan } = promotion();
    const older = { ...plan, signing: { images: plan.signing?.images ?? [], complete: 4, older: 5, undated: 1 } };
    expect(summary(report({ plan: older }, 'dry-run'))).toContain(
      '  4 already complete, 3 digests to sign or record, 6 older ones not checked',
    );
  });
});
