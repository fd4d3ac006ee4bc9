import { DEFAULT_SCANNERS, type ScannerName } from '../../scan/scanner-names.ts';
import type { FlagValues } from './flags/parse-flags.ts';
import { usage } from '../unknown.ts';
import type { SCAN_FLAGS } from './flags/scan-flags.ts';

/** How images are scanned for vulnerabilities. */
export type ScanOptions = {
  /** `only`: nothing is promoted, as upstream does; `gate`: what passes is. */
  readonly mode: 'only' | 'gate';
  /** 0 to 5; where a project names none. */
  readonly threshold: number;
  /** Asked in this order. */
  readonly scanners: readonly ScannerName[];
  readonly reports: readonly string[];
  readonly allowUnscanned: boolean;
};

/** What most policies begin with: what is high or critical holds an image back. */
const GATE_THRESHOLD = 4;

/** The options that these flags mean, `scan` where images are scanned; throws USAGE for what contradicts itself. */
export function scanOptions(values: FlagValues<typeof SCAN_FLAGS>): { readonly scan?: ScanOptions } {
  const { 'vuln-severity-threshold': threshold, 'vuln-gate': isGate, 'vuln-report': reports } = values;
  const { 'vuln-scanner': named, 'vuln-allow-unscanned': allowUnscanned } = values;
  const scanners = named.length === 0 ? DEFAULT_SCANNERS : [...new Set(named)];
  if (!isGate && threshold < 0) {
    refuseIdle({
      '--vuln-scanner': named.length > 0,
      '--vuln-report': reports.length > 0,
      '--vuln-allow-unscanned': allowUnscanned,
    });
    return {};
  }
  if (reports.length > 0 && !scanners.includes('report'))
    throw usage('--vuln-report is given, and no scanner reads it', 'write --vuln-scanner report, too');
  const limit = threshold < 0 ? GATE_THRESHOLD : threshold;
  return { scan: { mode: isGate ? 'gate' : 'only', threshold: limit, scanners, reports, allowUnscanned } };
}

function refuseIdle(flags: Readonly<Record<string, boolean>>): void {
  const idle = Object.entries(flags).find(([, isGiven]) => isGiven)?.[0];
  if (idle !== undefined)
    throw usage(
      `${idle} means nothing where nothing is scanned`,
      'write --vuln-gate or --vuln-severity-threshold, too, or leave it out',
    );
}
