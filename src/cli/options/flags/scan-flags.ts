import { SCANNER_NAMES } from '../../../scan/scanner-names.ts';
import type { Flag } from './flag.ts';

/** The flags of the vulnerability gate; names, types and defaults that upstream has are upstream's. */
export const SCAN_FLAGS = [
  {
    name: 'vuln-severity-threshold',
    type: 'int',
    default: '-1',
    min: -1,
    max: 5,
    example: '4',
    value: 'N',
    help: 'Only scan what would be promoted, promote nothing, and fail where something of this severity or more is found: 0 unspecified, 1 minimal, 2 low, 3 medium, 4 high, 5 critical; -1 is off. With --vuln-gate the same number is the threshold of the gate, and the run promotes.',
  },
  {
    name: 'vuln-gate',
    type: 'bool',
    default: 'false',
    help: 'Scan each image before it is promoted, and hold back those with vulnerabilities of high severity or more, or of what --vuln-severity-threshold or promoter-policy.yaml say, and those that nobody has scanned.',
  },
  {
    name: 'vuln-scanner',
    type: 'stringArray',
    default: '',
    value: 'NAME',
    choices: SCANNER_NAMES,
    help: 'Who knows what is in an image; may be repeated, and the first that has scanned it counts. report: files of --vuln-report; attestation: a scan that is attested in staging; google: Artifact Analysis; trivy, grype: runs the tool of that name. Without the flag the first three are asked.',
  },
  {
    name: 'vuln-report',
    type: 'stringArray',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'A report of Trivy or Grype (JSON or SARIF), or an OpenVEX document; may be repeated. It is of the image whose digest it names, or of that in sha256:…=FILE.',
  },
  {
    name: 'vuln-allow-unscanned',
    type: 'bool',
    default: 'false',
    help: 'Let images through that nobody has scanned; they are listed as such.',
  },
] as const satisfies readonly Flag[];
