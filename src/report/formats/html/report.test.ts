import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { badReport, goodReport, hostileReport, hugeReport } from '../../../../test/support/reports.ts';
import type { ReportDocument } from '../../model/schema.ts';
import { embeddedJson } from '../../../text/escape/embedded.ts';
import { pageData } from './data.ts';
import { htmlReport } from './report.ts';

const PAGE = new URL('page/', import.meta.url);

/** Removes style, script and data from the page; other tests check those. */
function parts(report: ReportDocument): {
  readonly frame: string;
  readonly style: string;
  readonly script: string;
  readonly data: string;
  readonly plain: string;
} {
  const page = htmlReport(report);
  const match =
    /<style>([^]*?)<\/style>[^]*<script type="application\/json" id="data">([^]*?)<\/script>\n<script>([^]*?)<\/script>/.exec(
      page,
    );
  const [, style = '', data = '', script = ''] = match ?? [];
  const [, plain = ''] = /<pre>([^]*?)<\/pre>/.exec(page) ?? [];
  const frame = [style, data, script, plain].reduce((rest, part) => rest.replace(part, ''), page);
  return { frame, style, script, data, plain };
}

function stringsIn(json: string): string[] {
  const strings: string[] = [];
  JSON.parse(json, (_, value: unknown) => typeof value === 'string' && strings.push(value));
  return strings;
}

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('src/report/formats/html/report.ts', () => {
  it('allows only its own style and script, by their hashes', () => {
    const { frame, style, script } = parts(badReport());
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(frame) ?? [];
    expect(policy).toBe(
      `default-src 'none'; style-src ${sha256(style)}; script-src ${sha256(script)}; base-uri 'none'; form-action 'none'`,
    );
  });

  it('has the same markup whatever the report contains: its text is only in the data', () => {
    const { frame, script, style } = parts(goodReport());
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 3 }), (texts) => {
        expect(parts(hostileReport(texts))).toMatchObject({ frame, script, style });
      }),
    );
    const hostile = parts(hostileReport());
    expect(hostile).toMatchObject({ frame, script, style });
    expect(hostile.data).not.toMatch(/[<>&]/);
    expect(hostile.plain).not.toMatch(/[<>]|[^\P{Cc}\n]/u);
    expect(hostile.plain).toContain('script&#62;alert(1)');
    const plain = goodReport();
    expect(parts(plain).data).toBe(embeddedJson(pageData(plain)));
    expect(hostile.data).toContain('\\\\u202egnp.exe');
    expect(stringsIn(hostile.data).filter((text) => /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(text))).toEqual(
      [],
    );
  });

  it('loads nothing from elsewhere', () => {
    expect(htmlReport(goodReport())).not.toMatch(/<link|\bsrc=|url\(|@import|href=/);
  });

  it('has a script that never evaluates text as HTML or code, and contains no module syntax', () => {
    const { script } = parts(goodReport());
    // Parts with the same name would not parse as one script.
    expect(() => new Script(script)).not.toThrow();
    expect(script).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function|srcdoc/,
    );
    expect(script).not.toMatch(/^\s*(?:import|export)\b/m);
    const written = readdirSync(PAGE).filter((name) => name.endsWith('.js'));
    for (const name of written) {
      const [line = ''] =
        readFileSync(new URL(name, PAGE), 'utf8').match(/^(?:export )?(?:function|const) \w+.*$/m) ?? [];
      expect(script, name).toContain(line.replace(/^export /, ''));
    }
  });

  it('stores each text once: 5,000 images on 22 mirrors are at most 7 MB', () => {
    const report = hugeReport();
    expect(htmlReport(report).length).toBeLessThan(7_000_000);
    expect(parts(report).data.split('grant the job artifactregistry.writer').length - 1).toBe(625);
  });
});
