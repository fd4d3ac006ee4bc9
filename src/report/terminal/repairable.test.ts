import { describe, expect, it } from 'vitest';
import { letThrough } from '../../../test/support/promotion/promoted.ts';
import type { Digest } from '../../image/digest.ts';
import type { Plan } from '../../phases/plan.ts';
import type { ImageReport, RunReport } from '../model/report.ts';
import { repairLines, withRepairTimes } from './repairable.ts';

const DAY = 24 * 3600_000;
const now = 100 * DAY;
const digest: Digest = `sha256:${'a'.repeat(64)}`;
const at = { file: 'images.yaml', line: 3, column: 5 };
const wanted = { name: 'app', source: 'a.test/app', digest, tags: ['v1'], at, tagPositions: [] };

const target = (action: 'copy' | 'failed', more: object = {}): ImageReport['targets'][number] => ({
  ref: 'b.test/app:v1',
  action,
  attempts: 1,
  requests: 1,
  bytes: 1,
  ms: 1,
  ...more,
});

type Given = { readonly source?: string; readonly retention?: number | undefined };

/** Returns the days for an image that was uploaded `age` days ago; `signed` on its primary. */
function daysOf(
  age: number | undefined,
  targets: ImageReport['targets'],
  signed: 'written' | 'missing' = 'written',
  since: number | 'all' | undefined = now - 14 * DAY,
  { source = 'gcr.io/k8s-staging-app/app', retention }: Given = {},
): number | undefined {
  const image = { wanted: { ...wanted, source }, targets: [] };
  const plan: Plan = { images: [image], failures: [], present: 0, repositories: [] };
  const { provenance } = letThrough(plan);
  const uploaded = age === undefined ? {} : { uploadedAt: now - age * DAY };
  const images = provenance.images.map((one) => ({ ...one, evidence: { ...one.evidence, ...uploaded } }));
  const signature = {
    repository: 'b.test/app',
    reference: 'prod.test/app',
    why: 'due',
    signature: signed,
    record: signed,
  } as const;
  const report = {
    images: [
      {
        name: 'app',
        digest,
        tags: ['v1'],
        source: `${source}@${digest}`,
        file: at.file,
        line: 3,
        sourceReads: 0,
        targets,
        signature,
      },
    ],
  } as unknown as RunReport;
  const times = { now, since, retention };
  return withRepairTimes(report, { provenance: { ...provenance, images } }, times).images[0]?.repairableDays;
}

describe('src/report/terminal/repairable.ts', () => {
  it('prints nothing for complete images, or images of a dry run', () => {
    expect(daysOf(80, [target('copy')])).toBeUndefined();
    expect(daysOf(80, [target('copy', { pending: true })], 'missing')).toBeUndefined();
  });

  it('counts the days until staging deletes an image that is not promoted', () => {
    expect(daysOf(80, [target('failed')])).toBe(10);
    expect(daysOf(89.5, [target('failed')])).toBe(0);
    expect(daysOf(95, [target('failed')])).toBe(0);
    expect(daysOf(undefined, [target('failed')])).toBeUndefined();
  });

  it.each([
    ['a.test/app', undefined, undefined],
    ['gcr.io/acme/k8s-staging-app', undefined, undefined],
    ['us-central1-docker.pkg.dev/k8s-staging-images/app', undefined, 10],
    ['a.test/app', 30 * DAY, 0],
    ['gcr.io/k8s-staging-app/app', 100 * DAY, 20],
  ])('for the retention of %s with --staging-retention=%j, returns %j days', (source, retention, days) => {
    const given = { source, retention };
    expect(daysOf(80, [target('failed')], 'written', 'all', given)).toBe(days);
  });

  it('counts the days until the end of the repair window, if that is sooner', () => {
    expect(daysOf(10, [target('copy')], 'missing')).toBe(14);
    expect(daysOf(80, [target('copy')], 'missing')).toBe(10);
    expect(daysOf(undefined, [target('copy')], 'missing')).toBe(14);
    expect(daysOf(80, [target('copy')], 'missing', 'all')).toBe(10);
    expect(daysOf(undefined, [target('copy')], 'missing', 'all')).toBeUndefined();
  });

  it('prints one line per image, and counts the rest', () => {
    const images = Array.from({ length: 22 }, () => ({ name: 'app', digest, repairableDays: 3 }));
    expect(
      repairLines([
        { name: 'app', digest },
        { name: 'app', digest, repairableDays: 31 },
      ]),
    ).toEqual([]);
    expect(repairLines([{ name: 'app', digest, repairableDays: 0 }])).toEqual([
      '  app@sha256:aaaaaaaaaaaa… will become unrepairable today',
    ]);
    const lines = repairLines(images);
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([
      21,
      '  app@sha256:aaaaaaaaaaaa… will become unrepairable in 3 days',
      '  and 2 more',
    ]);
  });
});
