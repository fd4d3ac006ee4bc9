import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rejection } from '../../../test/support/http-request.ts';
import { grypeJson, sarifJson, trivyJson, type Said } from '../../../test/support/scanners/reports.ts';
import { openReports } from './files.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const OTHER = `sha256:${'b'.repeat(64)}` as const;
const repository = 'registry.example/app';
const forever = new AbortController().signal;

const said = (id: string, platform?: Said['platform']): Said => ({
  reference: `${repository}@${DIGEST}`,
  found: [{ id, severity: 'HIGH', name: 'openssl', version: '3.0.1' }],
  ...(platform && { platform }),
});

async function files(...contents: unknown[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-reports-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return Promise.all(
    contents.map(async (content, index) => {
      const file = join(folder, `${index}.json`);
      await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
      return file;
    }),
  );
}

describe('src/scan/reports/files.ts', () => {
  it('finds the report of an image by its digest, whatever repository the report names', async () => {
    const { scanner } = await openReports(await files(trivyJson(said('CVE-1'))));
    expect(await scanner.scan({ repository: 'other.example/app', digest: DIGEST }, forever)).toMatchObject({
      state: 'scanned',
      scanner: 'trivy 0.66.0',
      findings: [{ id: 'CVE-1' }],
    });
    expect(await scanner.scan({ repository, digest: OTHER }, forever)).toEqual({
      state: 'not-scanned',
      scanner: 'report',
      findings: [],
      reason: 'no given report names it',
    });
  });

  it('combines several reports of one image', async () => {
    const { scanner } = await openReports(await files(trivyJson(said('CVE-1')), grypeJson(said('CVE-2'))));
    expect(await scanner.scan({ repository, digest: DIGEST }, forever)).toMatchObject({
      scanner: 'trivy 0.66.0, grype 0.98.0',
      findings: [{ id: 'CVE-1' }, { id: 'CVE-2' }],
    });
  });

  it('keeps the platforms of the reports of an index', async () => {
    const amd = trivyJson(said('CVE-1', ['linux', 'amd64']));
    const { scanner } = await openReports(await files(amd, trivyJson(said('CVE-2', ['linux', 'arm64']))));
    expect(await scanner.scan({ repository, digest: DIGEST }, forever)).toMatchObject({
      platforms: ['linux/amd64', 'linux/arm64'],
      findings: [
        { id: 'CVE-1', platform: 'linux/amd64' },
        { id: 'CVE-2', platform: 'linux/arm64' },
      ],
    });
    const both = await openReports(await files(amd, sarifJson(said('CVE-2'))));
    expect((await both.scanner.scan({ repository, digest: DIGEST }, forever)).platforms).toBeUndefined();
  });

  it('prefers the given digest to those in the report', async () => {
    const [report = '', unnamed = ''] = await files(trivyJson(said('CVE-1')), {
      version: '2.1.0',
      runs: [{ tool: { driver: { name: 'scan' } }, results: [] }],
    });
    const { scanner } = await openReports([`${OTHER}=${report}`, `${DIGEST}=${unnamed}`]);
    expect(await scanner.scan({ repository, digest: OTHER }, forever)).toMatchObject({ findings: [{ id: 'CVE-1' }] });
    expect(await scanner.scan({ repository, digest: DIGEST }, forever)).toMatchObject({
      scanner: 'scan',
      findings: [],
    });
  });

  it('reads OpenVEX documents', async () => {
    const statement = {
      vulnerability: { name: 'CVE-1' },
      products: [{ '@id': `${repository}@${DIGEST}` }],
      status: 'fixed',
    };
    const { vexOf, scanner } = await openReports(
      await files({ '@context': 'https://openvex.dev/ns/v0.2.0', statements: [statement] }),
    );
    expect(vexOf(DIGEST)).toMatchObject([{ ids: ['CVE-1'], status: 'fixed' }]);
    expect(vexOf(OTHER)).toEqual([]);
    expect(await scanner.scan({ repository, digest: DIGEST }, forever)).toMatchObject({ state: 'not-scanned' });
  });

  it.each([
    ['is not JSON', 'Total: 0', /is not JSON$/],
    ['has another format', { bomFormat: 'CycloneDX' }, /unknown format; expected a report of Trivy or Grype/],
    [
      'is of no image',
      { version: '2.1.0', runs: [{ tool: { driver: { name: 'scan' } }, results: [] }] },
      /does not name its image/,
    ],
  ])('rejects a file that %s', async (_, content, message) => {
    const [file = ''] = await files(content);
    expect(await rejection(openReports([file]))).toMatchObject({
      code: 'SCANNER',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/\w+ \w+/),
    });
  });

  it('rejects a missing file and a folder', async () => {
    expect(await rejection(openReports(['/nowhere/x.json']))).toMatchObject({
      code: 'SCANNER',
      message: 'the vulnerability report /nowhere/x.json does not exist',
    });
    expect(await rejection(openReports([tmpdir()]))).toMatchObject({ code: 'SCANNER' });
  });
});
