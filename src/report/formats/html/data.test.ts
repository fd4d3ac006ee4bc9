import { describe, expect, it } from 'vitest';
import { badReport, goodReport } from '../../../../test/support/reports.ts';
import { pageData } from './data.ts';

describe('src/report/formats/html/data.ts', () => {
  it('names what each mirror got by the places of its texts', () => {
    const { images, mirrors, texts } = pageData(badReport());
    const [image] = images;
    const told = image?.targets.map(([mirror, rest, action, attempts, , , , reason, code]) => ({
      ref: `${mirrors[mirror]}/${image.name}${texts[rest]}`,
      action,
      attempts,
      reason: texts[reason],
      code: texts[code],
    }));
    const ref = (mirror: string): string => `${mirror}-docker.pkg.dev/acme/prod/controller:v1.0.0`;
    expect(told).toEqual([
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

  it('keeps a reference that is not its mirror, its image and a tag', () => {
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

  it('tells which mirrors had an image before', () => {
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

  it('tells what is known of builder, signer, policy and weaknesses', () => {
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
