import { describe, expect, it } from 'vitest';
import { cloud, type Cloud } from '../../../test/support/cloud.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { homeWith } from '../../../test/support/home.ts';
import { rejection } from '../../../test/support/http-request.ts';
import { analysis, discovery } from '../../../test/support/scanners/analysis.ts';
import type { RunEvent } from '../../events.ts';
import { scanImage } from '../../scan/scan-image.ts';
import type { ScanningOptions } from '../options/scanning.ts';
import { scanningOf } from './scanning.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const repository = 'us-docker.pkg.dev/acme/staging/app';
const SCAN: ScanningOptions = {
  mode: 'gate',
  threshold: 4,
  scanners: ['report', 'attestation', 'google'],
  reports: [],
  allowUnscanned: false,
};
const USER = { type: 'authorized_user', client_id: 'id', client_secret: 'secret', refresh_token: 'refresh' };

async function world(files: Record<string, unknown>): Promise<{
  readonly service: Cloud;
  readonly said: readonly string[];
  open(scan: ScanningOptions, confirm?: boolean): ReturnType<typeof scanningOf>;
}> {
  const clock = fakeClock({ skipWaits: true });
  const known = analysis([discovery(`https://${repository}@${DIGEST}`, 'FINISHED_SUCCESS')]);
  const service = await cloud(clock, (request) =>
    request.host === 'oauth2.googleapis.com' ? { json: { access_token: 'ya29', expires_in: 3600 } } : known(request),
  );
  const said: string[] = [];
  const narrate = (event: RunEvent): void => void (event.type === 'log' && said.push(event.message));
  const home = await homeWith(files);
  const env = { METADATA_SERVER_DETECTION: 'none' };
  const signing = { env, clock, home, fetch: service.fetch };
  return {
    service,
    said,
    open: (scan, confirm = true) => scanningOf(scan, { signing }, { narrate }, confirm),
  };
}

describe('src/cli/wiring/scanning.ts', () => {
  it("requests Google's token once, with the user's credentials", async () => {
    const { service, open } = await world({ '.config/gcloud/application_default_credentials.json': USER });
    const scanning = await open(SCAN);
    const scanners = scanning.scanners(() => Promise.resolve([]));
    const image = { repository, digest: DIGEST, platforms: [] };
    const forever = new AbortController().signal;
    expect(await scanImage(scanners, image, forever)).toMatchObject({ state: 'scanned', scanner: 'google' });
    expect(service.asked.map(({ host, headers }) => [host, headers['authorization']])).toEqual([
      ['oauth2.googleapis.com', undefined],
      ['containeranalysis.googleapis.com', 'Bearer ya29'],
      ['containeranalysis.googleapis.com', 'Bearer ya29'],
    ]);
  });

  it('does not call Google without credentials', async () => {
    const { service, open } = await world({});
    const scanning = await open({ ...SCAN, scanners: ['google'] });
    const scanners = scanning.scanners(() => Promise.resolve([]));
    const image = { repository, digest: DIGEST, platforms: [] };
    expect(await scanImage(scanners, image, new AbortController().signal)).toMatchObject({
      state: 'not-scanned',
      reason: 'there are no Google credentials',
    });
    expect(service.asked).toEqual([]);
  });

  it('logs the scanners, and that a scan alone promotes nothing', async () => {
    const { open, said } = await world({});
    await open(SCAN);
    await open({ ...SCAN, mode: 'only', threshold: 0 }, false);
    await open({ ...SCAN, mode: 'only', threshold: 0 });
    expect(said).toEqual([
      'Scanning for vulnerabilities, threshold 4, with report, attestation, google',
      'Scanning for vulnerabilities, threshold 0, with report, attestation, google',
      'Scanning for vulnerabilities, threshold 0, with report, attestation, google',
      'Only scanning, not promoting (--vuln-severity-threshold); use --vuln-gate for both',
    ]);
  });

  it('throws for an unreadable report', async () => {
    const { open } = await world({});
    expect(await rejection(open({ ...SCAN, reports: ['/nowhere'] }))).toMatchObject({ code: 'SCANNER' });
  });
});
