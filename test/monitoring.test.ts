import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { realClock } from '../src/clock.ts';
import { countMetrics } from '../src/watch/metrics.ts';
import { readDeploy } from './support/deploy/files.ts';
import { alertsOf, dashboardOf, queriesOf } from './support/deploy/monitoring.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGES = 'https://github.com/kpromo/kpromo/blob/main/';

/** The labels of each metric that a run can have. */
async function metrics(): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await (await countMetrics(realClock(), () => [])).text();
  const page = readFileSync(join(ROOT, 'docs/watching.md'), 'utf8');
  const names = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => name);
  return new Map(
    names.map((name) => {
      const row = page.split('\n').find((line) => line.startsWith('| `kpromo_') && line.includes(`\`${name}\``)) ?? '';
      return [name, [...(row.split('|')[2] ?? '').matchAll(/`(\w+)`/g)].map(([, label = '']) => label)];
    }),
  );
}

describe('deploy/monitoring', () => {
  const queries = queriesOf();

  it('queries only metrics and labels that a run has', async () => {
    const known = await metrics();
    expect(known.size).toBeGreaterThan(12);
    for (const query of queries) {
      const names = [...query.matchAll(/kpromo_\w+/g)].map(([name]) => name);
      expect(names.length, query).toBeGreaterThan(0);
      expect(names.filter((name) => !known.has(name))).toEqual([]);
      for (const [, name = '', selector = ''] of query.matchAll(/(kpromo_\w+)\{([^}]*)\}/g)) {
        const labels = [...selector.matchAll(/(\w+)(?==|!)/g)].map(([label]) => label);
        expect(['job', ...(known.get(name) ?? [])], query).toEqual(expect.arrayContaining(labels));
      }
    }
  });

  it('has a panel for every metric', async () => {
    const { panels } = dashboardOf();
    const shown = JSON.stringify(panels);
    const without = [...(await metrics()).keys()].filter((name) => !shown.includes(name));
    // the variable "Job" uses it
    expect(without).toEqual(['kpromo_run_info']);
  });

  it('selects problem codes that exist', () => {
    const [, union = ''] =
      /export type ErrorCode =([^;]+);/.exec(readFileSync(join(ROOT, 'src/errors.ts'), 'utf8')) ?? [];
    const codes = new Set([...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code));
    const used = queries.flatMap((query) =>
      [...query.matchAll(/code=~"([^"]+)"/g)].flatMap(([, pattern = '']) => pattern.split('|')),
    );
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((code) => !codes.has(code))).toEqual([]);
  });

  it('links every alert to a page and a heading that exist, and describes it', () => {
    const page = readFileSync(join(ROOT, 'docs/watching.md'), 'utf8');
    for (const { alert, annotations } of alertsOf()) {
      expect(annotations.runbook_url).toContain(PAGES);
      const [file = '', anchor] = annotations.runbook_url.slice(PAGES.length).split('#');
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      const headings = [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
          .replaceAll(' ', '-'),
      );
      if (anchor !== undefined) expect(headings, annotations.runbook_url).toContain(anchor);
      expect(page).toContain(`| \`${alert}\` |`);
    }
  });

  it('has a unit test for every alert', () => {
    const Tests = z.object({
      tests: z.array(z.looseObject({ alert_rule_test: z.array(z.looseObject({ alertname: z.string() })) })),
    });
    const { tests } = Tests.parse(load(readDeploy('monitoring/alerts.test.yaml')));
    const tested = new Set(tests.flatMap(({ alert_rule_test: all }) => all.map(({ alertname }) => alertname)));
    expect(tested).toEqual(new Set(alertsOf().map(({ alert }) => alert)));
  });
});

describe('deploy/monitoring/dashboard.json', () => {
  const { panels, templating, uid } = dashboardOf();

  it('takes the data source from a variable everywhere', () => {
    expect(uid).toBe('kpromo-runs');
    const [source, ...others] = templating.list;
    expect(source).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
    for (const part of [...panels, ...panels.flatMap(({ targets }) => targets), ...others])
      expect(part.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
    expect(others.map(({ name }) => name)).toEqual(['job', 'registry']);
  });

  it('uses only variables that exist', () => {
    const known = [...templating.list.map(({ name }) => name), '__rate_interval'];
    const used = [...JSON.stringify({ panels, templating }).matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
    expect(used.filter((name) => !known.includes(name) && name !== '__all')).toEqual([]);
  });

  it('has panels with ids of their own that do not overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)}/${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos, title, targets } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      expect(title).not.toBe('');
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
  });
});
