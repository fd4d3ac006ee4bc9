import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { SaxesParser } from 'saxes';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stopReason } from '../../src/cli/exit-codes.ts';
import type { ReportDocument } from '../../src/report/model/schema.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';

const GOOD = buildImage({ seed: 1, layers: [2_000] });
const LOST = `sha256:${'f'.repeat(64)}`;
const ENTRIES = [
  ['app', GOOD.manifest.descriptor.digest, 'v1'],
  ['gone', LOST, 'v2'],
] as const;
const ENDINGS = ['json', 'md', 'html', 'xml'] as const;

const schema: unknown = JSON.parse(
  await readFile(new URL('../../schemas/run-report.schema.json', import.meta.url), 'utf8'),
);
const ajv = new Ajv2020({ strict: true, allErrors: true, formats: { 'date-time': true } });
const isValid = ajv.compile(schema as object);

type World = {
  readonly folder: string;
  readonly args: readonly string[];
  readonly registries: readonly TestRegistry[];
};

/** A good image, and one that is nowhere, for a mirror that works and one that denies to be written to. */
async function world(entries: readonly (readonly [string, string, string])[] = ENTRIES): Promise<World> {
  const registries = await startRegistries(3);
  for (const registry of registries) onTestFinished(() => registry[Symbol.asyncDispose]());
  const [staging, good, bad] = registries;
  if (staging === undefined || good === undefined || bad === undefined) throw new Error('three were asked for');
  storeImage(staging.store, 'staging/app', GOOD);
  bad.inject(({ method }) => (method === 'GET' || method === 'HEAD' ? undefined : { status: 403 }));
  const tree = await writeTree([
    {
      name: 'p',
      from: `${staging.host}/staging`,
      to: [`${good.host}/prod`, `${bad.host}/prod`],
      entries,
    },
  ]);
  onTestFinished(() => tree[Symbol.asyncDispose]());
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-reports-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { folder, args: ['--thin-manifest-dir', tree.path, '--sign=false'], registries };
}

const reportFlags = (folder: string): string[] => ENDINGS.map((ending) => `--report=${join(folder, `run.${ending}`)}`);

async function documentIn(folder: string): Promise<ReportDocument> {
  const document = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as ReportDocument;
  isValid(document);
  expect(isValid.errors).toBe(null);
  return document;
}

describe('kpromo cip --report', () => {
  it('writes each format of a run that failed in part', async () => {
    const { folder, args, registries } = await world();
    const { code } = await cip([...args, '--confirm', ...reportFlags(folder)]);
    expect(code).toBe(1);
    expect((await readdir(folder)).toSorted()).toEqual(['run.html', 'run.json', 'run.md', 'run.xml']);
    const document = await documentIn(folder);
    expect(document).toMatchObject({ version: 2, mode: 'promote', outcome: 'failed', totals: { copied: 1 } });
    expect(document.failures.map(({ code: reason }) => reason).toSorted()).toEqual(['DENIED', 'LOST']);
    const app = document.images.find(({ name }) => name === 'app');
    expect(app?.targets.map(({ mirror, action }) => [mirror, action])).toEqual([
      [`${registries[1]?.host}/prod`, 'copy'],
      [`${registries[2]?.host}/prod`, 'failed'],
    ]);
    expect(document.phases.map(({ name, ended }) => [name, ended])).toEqual(
      ['setup', 'plan', 'provenance', 'validate', 'promote'].map((name) => [name, 'done']),
    );
    const byHost = (a: (string | number)[], b: (string | number)[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);
    const hosts = document.traffic?.hosts.map(({ host, requests }) => [
      host,
      requests.reduce((sum, one) => sum + one, 0),
    ]);
    expect(hosts).toEqual(registries.map(({ host, counters }) => [host, counters.log.length]).toSorted(byHost));
    expect(document.traffic?.hosts.every(({ limit }) => typeof limit.at(-1) === 'number')).toBe(true);
    expect(await readFile(join(folder, 'run.md'), 'utf8')).toMatch(/^## ❌ Promotion: 2 problems\n/);
    expect(await readFile(join(folder, 'run.html'), 'utf8')).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
    new SaxesParser().write(await readFile(join(folder, 'run.xml'), 'utf8')).close();
  });

  it.each([
    ['an unknown extension', 'run.pdf', ': unknown format'],
    ['a folder that is not there', 'no/run.json', 'is in .*/no, which does not exist'],
  ])('refuses %s before anything runs', async (_name, path, reason) => {
    const { folder, args, registries } = await world();
    const { code, stderr } = await cip([...args, '--confirm', '--report', join(folder, path)]);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`--report .*${reason}`));
    expect(registries.flatMap(({ counters }) => counters.log)).toEqual([]);
  });

  it('says in the report what kept a run from beginning', async () => {
    const { folder, args } = await world();
    const config = join(folder, 'config.yaml');
    await writeFile(config, 'version: 7\n');
    const { code } = await cip([...args, '--registry-config', config, ...reportFlags(folder)]);
    expect(code).toBe(1);
    const document = await documentIn(folder);
    expect(document).toMatchObject({ mode: 'dry-run', outcome: 'failed', images: [] });
    expect(document.failures).toMatchObject([{ code: 'CONFIG_INVALID', phase: 'run' }]);
  });

  it('writes the report of a run that was stopped', async () => {
    const { folder, args } = await world();
    const signal = AbortSignal.abort(stopReason('SIGTERM'));
    const { code } = await cip([...args, '--confirm', ...reportFlags(folder)], { signal });
    expect(code).toBe(143);
    const document = await documentIn(folder);
    expect(document).toMatchObject({ outcome: 'stopped', aborted: 'stopped by SIGTERM' });
    expect(document.failures).toMatchObject([{ code: 'ABORTED', message: 'stopped by SIGTERM' }]);
  });

  it('fails a run whose report cannot be written at its end', async () => {
    const { folder, args, registries } = await world(ENTRIES.slice(0, 1));
    registries[0]?.inject(async () => {
      await rm(folder, { recursive: true, force: true });
      return undefined;
    });
    const { code, stderr } = await cip([...args, '--report', join(folder, 'run.json')]);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/writing the report .*run\.json failed/);
  });
});

describe('kpromo cip in GitHub Actions', () => {
  it('annotates the lines of broken entries, and adds the report to the summary of the job', async () => {
    const { folder, args } = await world();
    const summary = join(folder, 'summary.md');
    await writeFile(summary, 'what another step said\n');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary, GITHUB_WORKSPACE: args[1] ?? '' };
    const { stdout } = await cip([...args, '--confirm'], { env });
    expect(annotationsIn(stdout)).toEqual([
      expect.stringMatching(/^::error file=images\/p\/images\.yaml,line=\d+,col=\d+,title=LOST gone::.*%0A→ /),
      expect.stringMatching(/^::error file=images\/p\/images\.yaml,line=\d+,col=\d+,title=DENIED app::/),
    ]);
    expect(await readFile(summary, 'utf8')).toMatch(/^what another step said\n## ❌ Promotion: 2 problems\n/);
  });

  it('goes on without a summary that cannot be written', async () => {
    const { folder, args } = await world();
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(folder, 'no', 'summary.md') };
    const { log } = await cip([...args, '--parse-only'], { env });
    expect(log).toContainEqual(expect.stringMatching(/^warning cannot write the step summary: /));
  });
});

const annotationsIn = (stdout: CipRun['stdout']): string[] =>
  stdout.split('\n').filter((line) => line.startsWith('::'));
