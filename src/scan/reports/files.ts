import { open } from 'node:fs/promises';
import { PromotionError } from '../../errors.ts';
import { isDigest, type Digest } from '../../image/digest.ts';
import type { ScanResult, VexStatement } from '../../policy/vulnerabilities/vulnerability.ts';
import { readReport, type DatedReport } from './formats.ts';
import { readOpenVex, type OpenVexDocument } from './open-vex.ts';
import { notScanned, type Scanner } from '../scanner.ts';

/** Given vulnerability reports, and the statements of the OpenVEX documents among them. */
type ReportFiles = {
  readonly scanner: Scanner;
  vexOf(digest: Digest): readonly VexStatement[];
};

/** The same limit as for a scanner's output, in bytes. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Reads reports of scanners and OpenVEX documents. Each is `FILE`, or `DIGEST=FILE` if the report does not name its
 * image. Throws SCANNER if a file cannot be read, has an unknown format, or names no image.
 */
export async function openReports(named: readonly string[]): Promise<ReportFiles> {
  const reports = new Map<Digest, DatedReport[]>();
  const documents: OpenVexDocument[] = [];
  for (const text of named) {
    const { file, digest } = nameOf(text);
    const value = await jsonIn(file);
    const vex = readOpenVex(value);
    if (vex !== undefined) documents.push(vex);
    else
      for (const [key, report] of reportsIn(file, value, digest)) {
        reports.set(key, [...(reports.get(key) ?? []), report]);
      }
  }
  return {
    scanner: {
      name: 'report',
      onePlatform: false,
      scan: async ({ digest }) => {
        const found = reports.get(digest);
        return found === undefined ? notScanned('report', 'no given report names it') : merged(found);
      },
    },
    vexOf: (digest) => documents.flatMap((document) => document.about(digest, false)),
  };
}

/** Several reports may be about the platforms of one index and name the index. */
function merged(reports: readonly DatedReport[]): ScanResult {
  const platforms = reports.flatMap(({ platform }) => platform ?? []);
  return {
    state: 'scanned',
    scanner: [...new Set(reports.map(({ scanner }) => scanner))].join(', '),
    findings: reports.flatMap(({ findings, platform }) =>
      findings.map((finding) => (platform === undefined ? finding : { ...finding, platform })),
    ),
    platforms: platforms.length === reports.length ? platforms : undefined,
  };
}

function nameOf(text: string): { readonly file: string; readonly digest: Digest | undefined } {
  const equals = text.indexOf('=');
  const before = text.slice(0, Math.max(0, equals));
  return isDigest(before) ? { digest: before, file: text.slice(equals + 1) } : { file: text, digest: undefined };
}

function reportsIn(file: string, value: unknown, digest?: Digest): readonly (readonly [Digest, DatedReport])[] {
  const report = readReport(value);
  if (report === undefined)
    throw unusable(
      file,
      'has an unknown format; expected a report of Trivy or Grype, SARIF or OpenVEX',
      'write it with `--format json`',
    );
  const digests = digest === undefined ? report.digests : [digest];
  if (digests.length === 0) throw unusable(file, 'does not name its image', 'write --vuln-report sha256:…=FILE');
  return digests.map((key) => [key, report] as const);
}

async function jsonIn(file: string): Promise<unknown> {
  const text = await textIn(file).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const problem = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw unusable(file, problem, 'check the path that --vuln-report names', error);
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unusable(file, 'is not JSON', 'write it with `--format json`', cause);
  }
}

async function textIn(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function unusable(file: string, problem: string, hint: string, cause?: unknown): PromotionError {
  return new PromotionError('SCANNER', `the vulnerability report ${file} ${problem}`, { hint, cause });
}
