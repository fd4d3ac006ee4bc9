import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReportDocument } from '../../src/report/model/schema.ts';
import { htmlReport } from '../../src/report/formats/html/report.ts';
import { openFile, startBrowser, type OpenPage, type View } from '../support/browser.ts';
import { orSkip, type Skippable } from '../support/programs.ts';
import { badReport, checkReport, goodReport, HOSTILE, hostileReport, hugeReport } from '../support/reports.ts';

const WIDE: View = { width: 1440 };
const PHONE: View = { width: 375 };

describe('the HTML report', () => {
  let browser: Browser | undefined;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kpromo-page-'));
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  const open = async (test: Skippable, report: ReportDocument, view: View = WIDE): Promise<OpenPage> => {
    const file = join(folder, 'run.html');
    await writeFile(file, htmlReport(report));
    browser ??= await orSkip(test, startBrowser);
    return openFile(browser, pathToFileURL(file).href, view);
  };

  const rows = (page: Page): Promise<string[]> => page.locator('.rows .row .name b').allTextContents();
  const isSideways = (page: Page): Promise<boolean> =>
    page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
  const focused = (page: Page): Promise<string> =>
    page.evaluate(
      'document.activeElement.id || document.activeElement.className || document.activeElement.textContent',
    );

  it.for([
    ['good', goodReport],
    ['bad', badReport],
    ['check', checkReport],
    ['hostile', hostileReport],
  ] as const)(
    'of a %s run complains of nothing, asks for nothing, and fits a light desk and a dark phone',
    async ([, report], test) => {
      const document = report();
      const grounds = new Set<string>();
      for (const view of [WIDE, { ...PHONE, scheme: 'dark' }] as const) {
        const { page, complaints } = await open(test, document, view);
        expect(complaints).toEqual([]);
        expect(await isSideways(page)).toBe(false);
        grounds.add(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      }
      expect(grounds.size).toBe(2);
    },
  );

  it('shows hostile text as text', async (test) => {
    const { page } = await open(test, hostileReport());
    expect(await page.locator('script').count()).toBe(2);
    expect(await page.locator('img, a, iframe, form, object, embed, link').count()).toBe(0);
    const subjects = (await page.locator('.problem .subject strong').allTextContents()).join('\n');
    for (const text of HOSTILE.slice(0, 4)) expect(subjects).toContain(text);
  });

  it('shows what in the manifests has no effect, and what its code means', async (test) => {
    const place = { file: 'manifests/acme/promoter-manifest.yaml', line: 4, column: 1 };
    const warning = { phase: 'setup', code: 'NO_EFFECT', message: '"imagesPath" has no effect', cause: 1, ...place };
    const { page } = await open(test, { ...goodReport(), warnings: [warning] });
    const shown = await page.locator('#warnings').textContent();
    expect(shown).toContain('NO_EFFECT');
    expect(shown).toContain('manifests/acme/promoter-manifest.yaml:4:1');
    expect(shown).toContain('Only a warning');
    expect(await page.locator('#problems').count()).toBe(0);
  });

  it('tells the outcome, then problems, then images with the failed ones first', async (test) => {
    const { page } = await open(test, badReport());
    expect(await page.locator('h1').textContent()).toBe('Promotion: stopped early');
    expect(await page.title()).toBe('Promotion: stopped early – kpromo');
    expect(await page.locator('h2').allTextContents()).toEqual([
      'Problems',
      'Images × mirrors',
      'Phases',
      'Registries',
      'This run',
    ]);
    expect(await page.locator('.problem .code').allTextContents()).toEqual(['ABORTED', 'LOST', 'DENIED', 'NETWORK']);
    expect(await rows(page)).toEqual(['controller', 'gone', 'tools/kubectl']);
    expect(await page.locator('.timeline .phase').allTextContents()).toEqual(
      badReport().phases.map(({ name }) => name),
    );
    expect(await page.locator('.card svg .rate').count()).toBe(4);
    expect(await page.locator('.card svg .refused').count()).toBe(4);
  });

  it('tells what a change does, and which settings it changes', async (test) => {
    const one = { project: 'p', name: 'app', digest: 'sha256:00', source: 's', tags: ['v1'], mirrors: ['m'] };
    const settings = [{ kind: 'registries' as const, project: 'p', file: 'm.yaml', before: 'a.io', after: 'b.io' }];
    const changes = [{ ...one, kind: 'added' as const }];
    const report = { ...goodReport(), change: { commit: 'abcdef0123456789', changes, removed: changes, settings } };
    const { page } = await open(test, report);
    const text = (await page.locator('#change').allInnerTexts()).join('');
    expect(text.split('\n').filter((line) => line !== '')).toEqual([
      'What the change does',
      'Compared with commit abcdef012345.',
      '1 image added, 1 image no longer managed, left in production.',
      'p: mirrors m.yaml',
      'gone a.io',
      'new b.io',
    ]);
  });

  it('shows what is to be done where nothing was written', async (test) => {
    const report = goodReport();
    const images = report.images.map((image) => ({
      ...image,
      mirrors: [
        { name: 'b.io/there', state: 'present' as const },
        ...image.targets.map(({ mirror }) => ({ name: mirror, state: 'pending' as const })),
      ],
      targets: image.targets.map((target) => ({ ...target, pending: true as const, attempts: 0 })),
    }));
    const { page } = await open(test, { ...report, outcome: 'pending', mode: 'dry-run', images });
    expect(await page.locator('.rows .ratio').allTextContents()).toEqual(['3 to do', '3 to do']);
    expect(await page.locator('.legend > span').allTextContents()).toEqual([' to copy', ' there before']);
    expect(await page.locator('.rows .cell.present').count()).toBe(2);
  });

  it('filters by text, kind and mirror, and says how many are left', async (test) => {
    const { page } = await open(test, badReport());
    const status = page.locator('#images [role=status]');
    await page.fill('#filter', 'DENIED');
    expect(await rows(page)).toEqual(['controller']);
    expect(await status.textContent()).toBe('1 of 3 images');
    await page.fill('#filter', 'v1.0.0 kubectl');
    expect(await rows(page)).toEqual(['tools/kubectl']);
    await page.fill('#filter', '');
    await page.getByRole('button', { name: 'Failed 2' }).click();
    expect(await rows(page)).toEqual(['controller', 'gone']);
    await page.selectOption('#mirror', { label: 'asia-east1' });
    expect(await rows(page)).toEqual(['controller']);
    await page.fill('#filter', 'nothing like it');
    expect(await rows(page)).toEqual([]);
    expect(await status.textContent()).toBe('0 of 3 images');
    await page.locator('#problems').getByRole('button', { name: 'LOST 1' }).click();
    expect(await page.locator('.problem .code').allTextContents()).toEqual(['LOST']);
  });

  it('is used by keyboard alone', async (test) => {
    const { page } = await open(test, badReport());
    await page.keyboard.press('/');
    expect(await focused(page)).toBe('filter');
    const seen: string[] = [];
    for (let press = 0; press < 6; press += 1) {
      await page.keyboard.press('Tab');
      seen.push(await focused(page));
    }
    expect(seen).toEqual(['mirror', 'chip', 'chip', 'chip', 'chip', 'rows']);
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('.row[aria-selected=true] .name b').textContent()).toBe('gone');
    expect(await page.locator('.rows').getAttribute('aria-activedescendant')).toBe('row-1');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    expect(await page.locator('dialog[open] h2').textContent()).toBe('controller');
    expect(await page.locator('dialog[open] .targets li').first().textContent()).toContain('403 Forbidden');
    await page.keyboard.press('Escape');
    // The page closes it when the browser says so, which takes a moment on a busy machine.
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('rows');
  });

  it('draws of 5,000 images only those in view, and reaches the last', async (test) => {
    const { page, complaints } = await open(test, hugeReport());
    expect(complaints).toEqual([]);
    expect(await isSideways(page)).toBe(false);
    expect(await page.locator('#images [role=status]').textContent()).toBe('5,000 images');
    expect(await page.locator('.problem').count()).toBe(10);
    await page.locator('#problems .more').click();
    expect(await page.locator('.problem').count()).toBe(60);
    await page.locator('.rows').focus();
    await page.keyboard.press('End');
    await page.waitForFunction(`document.querySelector('[aria-posinset="5000"]')`);
    const drawn = await page.locator('*').count();
    expect(drawn).toBeLessThan(4_000);
    await page.fill('#filter', 'service-4999');
    expect(await rows(page)).toEqual(['team-39/service-4999']);
    expect(await page.locator('.rows .row .cell').count()).toBe(22);
  });
});
