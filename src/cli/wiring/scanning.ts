import { google } from '../../http/credentials/google/google.ts';
import type { PromotionServices } from '../../promotion.ts';
import { openReports } from '../../scan/reports/files.ts';
import { openScanners } from '../../scan/scanners/index.ts';
import type { ScanningOptions } from '../options/scanning.ts';
import type { CommandServices } from '../command.ts';
import type { Registries } from './registries.ts';

/** Any registry of Google: its token is valid for all Google services. */
const GOOGLE_REGISTRY = 'gcr.io';

/** Opens the scanners and the report files that flags name, and logs them. Throws SCANNER for an invalid report. */
export async function scanningOf(
  { scanners: names, reports: files, threshold, allowUnscanned, mode }: ScanningOptions,
  {
    signing: { env, clock, home, fetch },
  }: { readonly signing: Pick<Registries['signing'], 'env' | 'clock' | 'home' | 'fetch'> },
  { narrate }: Pick<CommandServices, 'narrate'>,
  confirm: boolean,
): Promise<NonNullable<PromotionServices['scanning']>> {
  const log = (message: string): void => narrate({ type: 'log', level: 'info', message });
  log(`Scanning for vulnerabilities, threshold ${threshold}, with ${names.join(', ')}`);
  if (confirm && mode === 'only')
    log('Only scanning, not promoting (--vuln-severity-threshold); use --vuln-gate for both');
  const { scanner: reports, vexOf } = await openReports(files);
  const credentials = google({ env, clock, home, fetch });
  const googleToken = async (signal: AbortSignal): Promise<string | undefined> => {
    const credential = await credentials(GOOGLE_REGISTRY, signal);
    return credential?.kind === 'basic' ? credential.password : undefined;
  };
  const scanners = openScanners(names, { env, clock, fetch, googleToken, reports });
  return { scanners, vexOf, threshold, allowUnscanned };
}
