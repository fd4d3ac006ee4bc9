import type { ValidatedImage } from '../../phases/provenance/proven-images.ts';
import type { ImageReport, VulnerabilityReport } from '../model/report.ts';
import { count, shortDigests, table } from '../../text/layout.ts';
import type { Outputs } from '../outputs.ts';
import { terminalLines } from '../../text/escape/terminal.ts';

type Judgement = NonNullable<ValidatedImage['checks'][number]['vulnerabilities']>;

/** Returns a lookup, by file and source, of the scan results of images. */
export function vulnerabilitiesOf({
  validation,
}: Pick<Outputs, 'validation'>): (image: ImageReport) => Pick<ImageReport, 'vulnerabilities'> {
  const reports = new Map<string, VulnerabilityReport>();
  for (const { wanted, checks } of [...(validation?.images ?? []), ...(validation?.refused ?? [])]) {
    const found = checks.flatMap(({ vulnerabilities }) => vulnerabilities ?? [])[0];
    if (found !== undefined) reports.set(`${wanted.at.file} ${wanted.source}@${wanted.digest}`, reportOf(found));
  }
  return ({ file, source }) => {
    const report = reports.get(`${file} ${source}`);
    return report === undefined ? {} : { vulnerabilities: report };
  };
}

function reportOf({ findings, ...judgement }: Judgement): VulnerabilityReport {
  return {
    ...judgement,
    findings: findings.map(({ aliases: _aliases, purl: _purl, ...finding }) => finding),
  };
}

const SEVERITY = ['unspecified', 'minimal', 'low', 'medium', 'high', 'critical'] as const;

/** Formats all findings of all scanned images, and the images without a scan. Empty if the run did not scan. */
export function vulnerabilityText(images: readonly ImageReport[]): string {
  const lines = images.flatMap(({ source, tags, vulnerabilities }) => {
    if (vulnerabilities === undefined) return [];
    const { state, scanner, reason, findings } = vulnerabilities;
    const named = `${shortDigests(source)}${tags.length === 0 ? '' : ` (${tags.join(', ')})`}`;
    const what = state === 'scanned' ? count(findings.length, 'finding') : WORDS[state];
    const why = reason === undefined ? '' : `: ${reason}`;
    return [`${named}: ${what} (${scanner})${why}`, ...table(findings.map(row), '  ')];
  });
  return terminalLines(lines);
}

const WORDS = { 'not-scanned': 'NOT SCANNED', failed: 'SCAN FAILED' } as const;

function row(finding: VulnerabilityReport['findings'][number]): string[] {
  const { id, severity, verdict, package: name, version, fixedIn, platform = '', reason = '' } = finding;
  const fixed = fixedIn === undefined ? 'no fix' : `fixed in ${fixedIn}`;
  return [verdict, SEVERITY[severity] ?? `${severity}`, id, `${name} ${version}`, fixed, platform, reason];
}

/** Returns the scan results in one line; undefined if the run did not scan. */
export function vulnerabilitySummary(images: readonly ImageReport[]): string | undefined {
  const reports = images.flatMap(({ vulnerabilities }) => vulnerabilities ?? []);
  if (reports.length === 0) return undefined;
  const findings = reports.flatMap((report) => report.findings);
  const over = findings.filter(({ verdict }) => verdict === 'over').length;
  const unscanned = reports.filter(({ state }) => state !== 'scanned').length;
  const parts = [`${count(reports.length - unscanned, 'image')} scanned`];
  if (unscanned > 0) parts.push(`${unscanned} not scanned`);
  parts.push(`${count(findings.length, 'finding')}, ${over} of them at or over the threshold`);
  return parts.join(', ');
}
