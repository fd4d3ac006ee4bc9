import fc from 'fast-check';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import { REPORTS, badReport, goodReport, hostileReport, hugeReport } from '../../../test/support/reports.ts';
import { FACTS, image, MIRRORS, reportOf, target } from '../../../test/support/report-parts.ts';
import type { ReportDocument } from '../model/schema.ts';
import { markdownReport } from './markdown.ts';
import { documentOf } from '../build/document.ts';

const golden = (name: string): string => `../../../test/fixtures/reports/${name}.md`;

function html(markdown: string): string {
  const options = { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true };
  return micromark(markdown, options);
}

describe('src/report/formats/markdown.ts', () => {
  it.each(REPORTS)('renders a %s run like its golden file', async (name, report) => {
    await expect(markdownReport(report())).toMatchFileSnapshot(golden(name));
  });

  it('fits into a comment at any size, and counts what it omits', () => {
    const text = markdownReport(hugeReport());
    expect(text.length).toBeLessThanOrEqual(65_000);
    expect(text.length).toBeGreaterThan(55_000);
    expect(text).toMatch(/… and \d+ more problems\./);
    const [, left = '0'] = /… and ([\d,]+) more images\./.exec(text) ?? [];
    const shown = text.split('\n').filter((line) => line.startsWith('| `team-')).length;
    expect(shown + Number(left.replace(',', ''))).toBe(5_000);
    expect(shown).toBeGreaterThan(50);
  });

  it.each([
    ['backticks', '`'.repeat(5_000)],
    ['bars', '|'.repeat(5_000)],
    ['invisible characters', '\u202e'.repeat(5_000)],
    ['surrogate pairs', '🎉'.repeat(5_000)],
  ])('fits into a comment if others write thousands of %s', (_name, text) => {
    const report = hostileReport(Array.from({ length: 150 }, () => text));
    const refs = Array.from({ length: 40 }, () => text);
    const long = markdownReport({ ...report, failures: report.failures.map((failure) => ({ ...failure, refs })) });
    expect(long.length).toBeLessThanOrEqual(65_000);
    expect(long).toMatch(/… and \d+ more problems\.[^]*… and \d+ more images\.[^]*kpromo `1\.2\.3`/);
  });

  it('shows problems first', () => {
    const text = markdownReport(badReport());
    const places = ['# ❌', '# 🛑', '## 4 problems', '**LOST**', '<summary>3 images', '<summary>4 hosts'].map((part) =>
      text.indexOf(part),
    );
    expect(places.filter((place) => place >= 0)).toEqual(
      places.filter((place) => place >= 0).toSorted((a, b) => a - b),
    );
    expect(places.filter((place) => place < 0)).toHaveLength(1);
  });

  it('shows the plan of a dry run first and expanded, with images to be signed', () => {
    const signature = {
      repository: `${MIRRORS[0]}/app`,
      reference: 'images.acme.example/app',
      why: 'due',
      signature: 'missing',
      record: 'missing',
    } as const;
    const pending = target(MIRRORS[0] ?? '', 'app', 'v2', { pending: true, action: 'tag', attempts: 0 });
    const one = image('app', 0, [pending], { tags: ['v1', 'v2'], signature });
    const run = { ...FACTS, mode: 'dry-run' } as const;
    const text = markdownReport(documentOf({ facts: run, run: reportOf([one], [], { run }) }));
    expect(text.indexOf('```text\nPlan: 1 of 46 images to promote')).toBeLessThan(text.indexOf('<details>'));
    expect(text).toContain('tag v2 on us-central1-docker.pkg.dev/acme/prod');
    expect(text).toContain('| tag, to be signed |');
    expect(text).not.toContain('not signed |');
  });

  it('shows text from outside only as code', () => {
    const allowed =
      /<\/?(?:h2|h3|p|ul|li|strong|code|br \/|details|summary|table|thead|tbody|tr|t[hd](?: align="right")?)>/g;
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 3 }), (texts) => {
        expect(html(markdownReport(hostileReport(texts))).replaceAll(allowed, '')).not.toMatch(/[<>]/);
      }),
    );
    expect(html(markdownReport(hostileReport())).replaceAll(allowed, '')).not.toMatch(/[<>]/);
  });

  it('shows the effect of a change, policies and registries first', () => {
    const change = { project: 'p', name: 'app', digest: 'sha256:00', source: 's', tags: ['v1'], mirrors: ['m'] };
    const setting = { kind: 'registries', project: 'p|q', file: 'm.yaml', before: 'a.io', after: '@b.io' } as const;
    const text = markdownReport({
      ...goodReport(),
      change: {
        changes: [
          { ...change, kind: 'added' },
          { ...change, kind: 'added' },
          { ...change, kind: 'retagged' },
        ],
        removed: [{ ...change, kind: 'added' }],
        settings: [setting, { ...setting, project: 'r', file: 'r.yaml' }],
      },
    });
    expect(text).toContain(
      [
        '### What the change does',
        '',
        '- ⚠️ **mirrors** of `p¦q` in `m.yaml`, `r` in `r.yaml`: gone `a.io`, new `@b.io`',
        '- added: 2 images',
        '- retagged: 1 image',
        '- no longer managed, stays in production: 1 image',
        '',
      ].join('\n'),
    );
  });

  it.each(['dry-run', 'promote'] as const)('never cuts changes of policies, and shows them first (%s)', (mode) => {
    const setting = (index: number, after: string): object => ({
      kind: 'provenance',
      project: `p${index}`,
      file: `manifests/p${index}/promoter-manifest.yaml`,
      before: 'require',
      after,
    });
    const of = (count: number, length: number): string => {
      const settings = Array.from({ length: count }, (_, index) =>
        setting(index, `${'x'.repeat(length)} end ${index}`),
      );
      const change = { changes: [], removed: [], settings } as unknown as ReportDocument['change'] & object;
      return markdownReport({ ...hugeReport(500), mode, text: 'a line\n'.repeat(10_000), change });
    };
    for (const [count, length] of [
      [13, 600],
      [200, 10],
      [1, 40_000],
    ] as const) {
      const text = of(count, length);
      expect(text.length).toBeLessThanOrEqual(65_000);
      for (let index = 0; index < count; index += 1) expect(text).toContain(` end ${index}\``);
      expect(text.indexOf('### What')).toBeLessThan(500);
    }
    // GitHub rejects a comment that long, so no reader mistakes a part for the whole
    const text = of(400, 400);
    expect(text).toContain('is longer than a comment of GitHub may be');
    expect(text.match(/ end \d+`/g)).toHaveLength(400);
  });
});
