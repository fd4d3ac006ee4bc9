import { describe, expect, it } from 'vitest';
import { badReport, goodReport } from '../../../../test/support/reports.ts';
import { pageData } from './data.ts';

describe('src/report/formats/html/data.ts', () => {
  it('refers to texts by index in the targets of mirrors', () => {
    const { images, mirrors, texts } = pageData(badReport());
    const [image] = images;
    const targets = image?.targets.map(([mirror, rest, action, attempts, , , , reason, code]) => ({
      ref: `${mirrors[mirror]}/${image.name}${texts[rest]}`,
      action,
      attempts,
      reason: texts[reason],
      code: texts[code],
    }));
    const ref = (mirror: string): string => `${mirror}-docker.pkg.dev/acme/prod/controller:v1.0.0`;
    expect(targets).toEqual([
      { ref: ref('us-central1'), action: 'copy', attempts: 1 },
      { ref: ref('europe-west1'), action: 'tag', attempts: 1 },
      {
        ref: ref('asia-east1'),
        action: 'failed',
        attempts: 3,
        reason: 'pushing to asia-east1-docker.pkg.dev/acme/prod/controller was denied: 403 Forbidden',
        code: 'DENIED',
      },
    ]);
    expect(image?.state).toBe('failed');
  });

  it('keeps references that do not consist of mirror, image and tag', () => {
    const { images, ...report } = goodReport();
    const [image] = images;
    const [target] = image?.targets ?? [];
    if (image === undefined || target === undefined) throw new Error('the good report has an image');
    const odd = {
      ...image,
      targets: [{ ...target, mirror: 'b.io', ref: 'b.io/other:v1', pending: true as const }],
      mirrors: [],
    };
    const data = pageData({ ...report, images: [odd] });
    expect(data.images[0]?.targets[0]?.slice(0, 3)).toEqual([0, 0, 'copy?']);
    expect(data.texts[0]).toBe(' b.io/other:v1');
  });

  it('contains the mirrors that already had an image', () => {
    const { images, ...report } = badReport();
    const [, gone] = images;
    if (gone === undefined) throw new Error('the bad report has three images');
    const all = ['b10.io/prod', 'us-central1-docker.pkg.dev/acme/prod', 'b2.io/prod'];
    const data = pageData({
      ...report,
      images: [{ ...gone, mirrors: all.map((name) => ({ name, state: 'present' as const })) }],
    });
    expect(data.mirrors).toEqual(['b2.io/prod', 'b10.io/prod', 'us-central1-docker.pkg.dev/acme/prod']);
    expect(data.images[0]?.states).toEqual([1, 2, 0].map((place) => [place, 'present', -1, -1]));
  });

  it('contains builder, signer, policy and vulnerabilities', () => {
    const { images, ...report } = goodReport();
    const [image] = images;
    if (image === undefined) throw new Error('the good report has an image');
    const provenance = {
      signature: 'verified' as const,
      attestations: 'verified' as const,
      mode: 'warn' as const,
      result: 'warned' as const,
      level: 2,
      signer: 'me',
      builder: 'https://b',
      source: 'git+https://s',
      violations: [{ code: 'PROVENANCE' as const, message: 'level 2 is not 3', hint: '' }],
      evidence: [],
    };
    const finding = { id: 'CVE-1', severity: 5, package: 'p', version: '1', source: 'trivy', verdict: 'over' as const };
    const vulnerabilities = {
      state: 'scanned' as const,
      result: 'over' as const,
      scanner: 'trivy',
      threshold: 4,
      findings: [finding, { ...finding, id: 'CVE-2', verdict: 'below' as const }],
    };
    expect(pageData({ ...report, images: [{ ...image, provenance, vulnerabilities }] }).images[0]?.facts).toEqual([
      ['Policy', 'warned (mode: warn), level 2'],
      ['Built and signed by', 'me'],
      ['Builder', 'https://b'],
      ['Built from', 'git+https://s'],
      ['Violation', 'level 2 is not 3'],
      ['Vulnerabilities', 'over: 2 found by trivy, 1 over the threshold'],
      ['CVE-1', 'severity 5, in p 1'],
    ]);
  });
});
