import { DEFAULT_SCANNERS, SCANNER_NAMES, type ScannerName } from '../../scan/scanner.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** The flags of the vulnerability gate; names, types and defaults are upstream's if upstream has the flag. */
export const SCANNING_FLAGS = [
  {
    name: 'vuln-severity-threshold',
    type: 'int',
    default: '-1',
    min: -1,
    max: 5,
    example: '4',
    value: 'N',
    help: 'Only scan pending images, promote nothing, and fail if a vulnerability has this severity or more: 0 unspecified, 1 minimal, 2 low, 3 medium, 4 high, 5 critical; -1 is off. With --vuln-gate, the threshold of the gate.',
  },
  {
    name: 'vuln-gate',
    type: 'bool',
    default: 'false',
    help: 'Scan each image before it is promoted. Images that are not scanned, or have vulnerabilities of high severity or more, are not promoted. --vuln-severity-threshold and promoter-policy.yaml change the threshold.',
  },
  {
    name: 'vuln-scanner',
    type: 'stringArray',
    default: '',
    value: 'NAME',
    choices: SCANNER_NAMES,
    help: 'A source of scan results; repeatable, the first with a result for the image counts. report: files of --vuln-report; attestation: a scan attested in staging; google: Artifact Analysis; trivy, grype: runs this tool. Default: the first three.',
  },
  {
    name: 'vuln-report',
    type: 'stringArray',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'A report of Trivy or Grype (JSON or SARIF), or an OpenVEX document; repeatable. It applies to the digest that it names, or to that in sha256:…=FILE.',
  },
  {
    name: 'vuln-allow-unscanned',
    type: 'bool',
    default: 'false',
    help: 'Promote images without a scan result; they are listed as such.',
  },
] as const satisfies readonly Flag[];

/** Options of the vulnerability gate. */
export type ScanningOptions = {
  /** `only`: scan without promoting, as upstream does; `gate`: promote images that pass. */
  readonly mode: 'only' | 'gate';
  /** 0 to 5; applies if a project sets none. */
  readonly threshold: number;
  /** Tried in this order. */
  readonly scanners: readonly ScannerName[];
  readonly reports: readonly string[];
  readonly allowUnscanned: boolean;
};

/** The default of the gate: high and critical vulnerabilities reject an image, as in most policies. */
const GATE_THRESHOLD = 4;

/** Reads the flags; undefined if nothing is scanned. Throws USAGE for contradictions. */
export function scanningOptions(values: FlagValues<typeof SCANNING_FLAGS>): ScanningOptions | undefined {
  const { 'vuln-severity-threshold': threshold, 'vuln-gate': isGate, 'vuln-report': reports } = values;
  const { 'vuln-scanner': named, 'vuln-allow-unscanned': allowUnscanned } = values;
  const scanners = named.length === 0 ? DEFAULT_SCANNERS : [...new Set(named)];
  if (!isGate && threshold < 0) {
    refuseIdle({
      '--vuln-scanner': named.length > 0,
      '--vuln-report': reports.length > 0,
      '--vuln-allow-unscanned': allowUnscanned,
    });
    return undefined;
  }
  if (reports.length > 0 && !scanners.includes('report'))
    throw usage('--vuln-report requires the scanner "report"', 'add --vuln-scanner report');
  const limit = threshold < 0 ? GATE_THRESHOLD : threshold;
  return { mode: isGate ? 'gate' : 'only', threshold: limit, scanners, reports, allowUnscanned };
}

function refuseIdle(flags: Readonly<Record<string, boolean>>): void {
  const idle = Object.entries(flags).find(([, isGiven]) => isGiven)?.[0];
  if (idle !== undefined)
    throw usage(`${idle} requires a scan`, 'add --vuln-gate or --vuln-severity-threshold, or omit the flag');
}
