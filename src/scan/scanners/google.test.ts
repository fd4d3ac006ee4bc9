import { describe, expect, it } from 'vitest';
import { cloud, type Cloud } from '../../../test/support/cloud.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection } from '../../../test/support/http-request.ts';
import { analysis, discovery, weakness, type Occurrence } from '../../../test/support/scanners/analysis.ts';
import { googleScanner } from './google.ts';
import type { Scanner } from '../scanner.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const target = { repository: 'us-docker.pkg.dev/acme/staging/app', digest: DIGEST };
const resource = `https://${target.repository}@${DIGEST}`;
const forever = new AbortController().signal;
const done = discovery(resource, 'FINISHED_SUCCESS');

async function google(
  occurrences: readonly Occurrence[],
  pageSize?: number,
): Promise<{ readonly scanner: Scanner; readonly service: Cloud }> {
  const service = await cloud(fakeClock({ skipWaits: true }), analysis(occurrences, pageSize));
  return { service, scanner: googleScanner({ fetch: service.fetch, token: () => Promise.resolve('ya29') }) };
}

describe('src/scan/scanners/google.ts', () => {
  it('returns one finding for each package, with the worst severity', async () => {
    const found = weakness(resource, 'CVE-2026-1', {
      severity: 'HIGH',
      effectiveSeverity: 'LOW',
      cvssScore: 8.1,
      packageIssue: [
        {
          affectedPackage: 'openssl',
          affectedVersion: { kind: 'NORMAL', fullName: '3.0.1-1' },
          fixedPackage: 'openssl',
          fixedVersion: { kind: 'NORMAL', fullName: '3.0.2-1' },
          effectiveSeverity: 'CRITICAL',
        },
        {
          affectedPackage: 'libssl3',
          affectedVersion: { kind: 'NORMAL', fullName: '3.0.1-1' },
          fixedVersion: { kind: 'MAXIMUM' },
        },
      ],
    });
    const { scanner } = await google([done, found]);
    const common = { id: 'CVE-2026-1', aliases: [], version: '3.0.1-1', score: 8.1, source: 'google' };
    expect(await scanner.scan(target, forever)).toEqual({
      state: 'scanned',
      scanner: 'google',
      findings: [
        { ...common, severity: 5, package: 'openssl', fixedIn: '3.0.2-1' },
        { ...common, severity: 4, package: 'libssl3' },
      ],
    });
  });

  it('requests the findings of this image in its project, with our token', async () => {
    const { scanner, service } = await google([done]);
    await scanner.scan(target, forever);
    expect(service.asked.map(({ method, host, headers }) => [method, host, headers['authorization']])).toEqual(
      Array.from({ length: 2 }, () => ['GET', 'containeranalysis.googleapis.com', 'Bearer ya29']),
    );
    expect(service.asked.map(({ path }) => path.split('?')[0])).toEqual(
      Array.from({ length: 2 }, () => '/v1/projects/acme/occurrences'),
    );
  });

  it.each([
    ['gcr.io/acme/app', 'acme'],
    ['eu.gcr.io/example.com/project/app', 'example.com%3Aproject'],
    ['europe-west1-docker.pkg.dev/acme/r/app', 'acme'],
  ])('reads the project of %s', async (repository, project) => {
    const { scanner, service } = await google([]);
    await scanner.scan({ repository, digest: DIGEST }, forever);
    expect(service.asked[0]?.path).toMatch(`/v1/projects/${project}/occurrences?`);
  });

  it.each(['registry.example/acme/app', 'gcr.io.evil.com/acme/app', 'evil-gcr.io/acme/app', 'pkg.dev/acme/app'])(
    'sends no request about %s',
    async (repository) => {
      const { scanner, service } = await google([]);
      expect(await scanner.scan({ repository, digest: DIGEST }, forever)).toMatchObject({
        state: 'not-scanned',
        reason: 'its registry is not one of Google',
      });
      expect(service.asked).toEqual([]);
    },
  );

  it('reads all pages', async () => {
    const many = Array.from({ length: 25 }, (_, index) => weakness(resource, `CVE-2026-${index}`));
    const { scanner, service } = await google([done, ...many], 10);
    const { findings } = await scanner.scan(target, forever);
    expect(new Set(findings.map(({ id }) => id)).size).toBe(25);
    expect(service.asked).toHaveLength(1 + 3);
  });

  it('ignores findings of another image', async () => {
    const other = `https://${target.repository}@sha256:${'b'.repeat(64)}`;
    const service = await cloud(fakeClock(), () => ({
      json: { occurrences: [discovery(other, 'FINISHED_SUCCESS'), weakness(other, 'CVE-2026-1')] },
    }));
    const scanner = googleScanner({ fetch: service.fetch, token: () => Promise.resolve('ya29') });
    expect(await scanner.scan(target, forever)).toMatchObject({ state: 'not-scanned', findings: [] });
  });

  it.each([
    [[], 'not-scanned', /has not scanned it/],
    [['PENDING'], 'not-scanned', /still being scanned/],
    [['SCANNING', 'FINISHED_SUCCESS'], 'not-scanned', /still being scanned/],
    [['FINISHED_UNSUPPORTED'], 'not-scanned', /cannot scan images of its kind/],
    [['ANALYSIS_STATUS_UNSPECIFIED'], 'not-scanned', /has not scanned it/],
    [['FINISHED_FAILED'], 'failed', /its scan failed: out of order/],
  ])('reads the states %j as %s, without any findings', async (states, state, reason) => {
    const { scanner, service } = await google(states.map((one) => discovery(resource, one)));
    expect(await scanner.scan(target, forever)).toMatchObject({
      state,
      findings: [],
      reason: expect.stringMatching(reason),
    });
    expect(service.asked).toHaveLength(1);
  });

  it('ignores the state of other analyses', async () => {
    const sbom = discovery(resource, 'FINISHED_SUCCESS', { noteName: 'projects/goog-analysis/notes/SBOM' });
    const { scanner } = await google([sbom, discovery(resource, 'SCANNING')]);
    expect(await scanner.scan(target, forever)).toMatchObject({ state: 'not-scanned' });
  });

  it('reports that findings are no longer updated', async () => {
    const old = { continuousAnalysis: 'INACTIVE', lastScanTime: '2026-01-01T00:00:00Z' };
    const { scanner } = await google([discovery(resource, 'FINISHED_SUCCESS', {}, old)]);
    expect(await scanner.scan(target, forever)).toMatchObject({
      state: 'scanned',
      reason: expect.stringContaining('not updated since 2026-01-01'),
    });
  });

  it('reports not-scanned without credentials', async () => {
    const { service } = await google([done]);
    const scanner = googleScanner({ fetch: service.fetch, token: () => Promise.resolve(undefined) });
    expect(await scanner.scan(target, forever)).toMatchObject({
      state: 'not-scanned',
      reason: 'there are no Google credentials',
    });
    expect(service.asked).toEqual([]);
  });

  it.each([
    [{ status: 403, body: { error: { message: 'Permission denied' } } }, /response is 403: Permission denied/, /grant/],
    [{ status: 500 }, /response is 500/, /retry/],
    [{ json: { occurrences: 'none' } }, /unknown format/, /proxy/],
    ['<html>', /unknown format/, /proxy/],
  ])('throws with the reason when the service returns %j', async (answer, message, hint) => {
    const { scanner, service } = await google([]);
    service.answer(() => answer);
    const error = await rejection(scanner.scan(target, forever));
    expect(error).toMatchObject({
      code: 'SCANNER',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it('stops after the maximum number of pages', async () => {
    const { scanner, service } = await google([]);
    service.answer(() => ({ json: { occurrences: [], nextPageToken: 'more' } }));
    expect(await rejection(scanner.scan(target, forever))).toMatchObject({ code: 'SCANNER' });
    expect(service.asked).toHaveLength(100);
  });
});
