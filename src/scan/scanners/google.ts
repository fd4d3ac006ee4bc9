import { z } from 'zod';
import { PromotionError } from '../../errors.ts';
import type { Fetch } from '../../http/fetch.ts';
import { splitRepository } from '../../image/reference.ts';
import {
  severityNamed,
  type Finding,
  type ScanResult,
  type Severity,
} from '../../policy/vulnerabilities/vulnerability.ts';
import { plain } from '../reports/types.ts';
import { notScanned, type Scanner, type ScanTarget } from '../scanner.ts';
import { addAll, largest } from '../../lists.ts';

type GoogleScannerOptions = {
  /** Sends requests without credentials of registries. */
  readonly fetch: Fetch;
  /** Returns an access token; undefined if there are no Google credentials. */
  token(signal: AbortSignal): Promise<string | undefined>;
};

const API = 'https://containeranalysis.googleapis.com/v1';
/** The maximum page size of the service. */
const PAGE_SIZE = 1000;
/** Limit in bytes; a thousand occurrences are about 5 MB. */
const PAGE_LIMIT = 64 * 1024 * 1024;
/** A hundred thousand findings: a service that returns more pages is broken. */
const MAX_PAGES = 100;

const Version = z.looseObject({
  kind: z.string().nullish(),
  fullName: z.string().nullish(),
  name: z.string().nullish(),
});
const Issue = z.looseObject({
  affectedPackage: z.string().nullish(),
  affectedVersion: Version.nullish(),
  fixedVersion: Version.nullish(),
  effectiveSeverity: z.string().nullish(),
});
const Vulnerability = z.looseObject({
  severity: z.string().nullish(),
  effectiveSeverity: z.string().nullish(),
  cvssScore: z.number().nullish(),
  packageIssue: z.array(Issue).nullish(),
});
const Discovery = z.looseObject({
  analysisStatus: z.string().nullish(),
  analysisStatusError: z.looseObject({ message: z.string().nullish() }).nullish(),
  continuousAnalysis: z.string().nullish(),
  lastScanTime: z.string().nullish(),
});
// https://cloud.google.com/artifact-analysis/docs/reference/rest/v1/projects.occurrences
const Occurrence = z.looseObject({
  resourceUri: z.string(),
  noteName: z.string().nullish(),
  vulnerability: Vulnerability.nullish(),
  discovery: Discovery.nullish(),
});
const Page = z.looseObject({ occurrences: z.array(Occurrence).nullish(), nextPageToken: z.string().nullish() });

type Occurrence = z.infer<typeof Occurrence>;
type Discovery = z.infer<typeof Discovery>;

/**
 * Creates a scanner that reads the findings of Artifact Analysis for Google's registries, which scan images when they
 * are pushed.
 */
export function googleScanner(options: GoogleScannerOptions): Scanner {
  const scan = async (target: ScanTarget, signal: AbortSignal): Promise<ScanResult> => {
    const project = projectOf(target.repository);
    if (project === undefined) return notScanned('google', 'its registry is not one of Google');
    const token = await options.token(signal);
    if (token === undefined) return notScanned('google', 'there are no Google credentials');
    const read = (kind: string): Promise<readonly Occurrence[]> =>
      occurrences(options.fetch, { target, project, token, kind }, signal);
    const status = statusOf(await read('DISCOVERY'));
    if (status.state !== 'scanned') return status;
    const found = await read('VULNERABILITY');
    return { ...status, findings: found.flatMap(findingsOf) };
  };
  return { name: 'google', onePlatform: true, scan };
}

/** Returns the Google project of a repository. Whole host names are matched, so that no look-alike gets our token. */
function projectOf(repository: string): string | undefined {
  const { host, path } = splitRepository(repository);
  if (!/^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/i.test(host)) return undefined;
  const [first = '', second] = path.split('/');
  // projects of an organisation's domain are example.com:project, and cannot contain a colon here
  const project = first.includes('.') && second !== undefined ? `${first}:${second}` : first;
  return project === '' ? undefined : project;
}

type Query = {
  readonly target: ScanTarget;
  readonly project: string;
  readonly token: string;
  readonly kind: string;
};

async function occurrences(fetch: Fetch, query: Query, signal: AbortSignal): Promise<readonly Occurrence[]> {
  const { target, project, token, kind } = query;
  const resource = `https://${target.repository}@${target.digest}`;
  const found: Occurrence[] = [];
  let pageToken = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const url = new URL(`${API}/projects/${encodeURIComponent(project)}/occurrences`);
    url.searchParams.set('filter', `kind="${kind}" AND resourceUrl="${resource}"`);
    url.searchParams.set('pageSize', String(PAGE_SIZE));
    if (pageToken !== '') url.searchParams.set('pageToken', pageToken);
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const response = await fetch({ method: 'GET', url, headers, operation: 'other', wholeBody: PAGE_LIMIT, signal });
    const bytes = await response.body.bytes(PAGE_LIMIT);
    if (response.status !== 200) throw refused(target, project, response.status, bytes);
    const { data } = Page.safeParse(json(bytes));
    if (data === undefined)
      throw failed(target, 'the response has an unknown format', 'check that no proxy answers in its place');
    // a filter that is not understood would return findings of other images
    addAll(
      found,
      (data.occurrences ?? []).filter(({ resourceUri }) => resourceUri === resource),
    );
    pageToken = data.nextPageToken ?? '';
    if (pageToken === '') return found;
  }
  throw failed(target, `the response has more than ${MAX_PAGES} pages`, 'retry; if it persists, contact Google');
}

/**
 * Returns the status of the scan. Without it, the empty list of an unscanned image would look like that of a clean one.
 */
function statusOf(found: readonly Occurrence[]): ScanResult {
  const packages = found.filter(({ noteName }) => noteName?.endsWith('/PACKAGE_VULNERABILITY'));
  const looked: Discovery[] = [];
  for (const { discovery } of packages.length > 0 ? packages : found) if (discovery) looked.push(discovery);
  const by = (...states: string[]): Discovery | undefined =>
    looked.find(({ analysisStatus }) => states.includes(analysisStatus ?? ''));
  const failure = by('FINISHED_FAILED');
  if (failure !== undefined) {
    const said = plain(failure.analysisStatusError?.message ?? '');
    return { ...notScanned('google', `its scan failed${said === '' ? '' : `: ${said}`}`), state: 'failed' };
  }
  if (by('PENDING', 'SCANNING') !== undefined) return notScanned('google', 'it is still being scanned');
  const done = by('FINISHED_SUCCESS', 'COMPLETE');
  if (done !== undefined) {
    const isOld = done.continuousAnalysis === 'INACTIVE';
    const since = done.lastScanTime ? ` since ${plain(done.lastScanTime)}` : '';
    const reason = isOld ? `its findings are not updated${since}: the image was not pulled recently` : undefined;
    return { state: 'scanned', scanner: 'google', findings: [], reason };
  }
  if (by('FINISHED_UNSUPPORTED') !== undefined) return notScanned('google', 'Google cannot scan images of its kind');
  return notScanned('google', 'Google has not scanned it; scanning may be disabled in its project');
}

/** Returns one finding for each affected package; of two severities the worse. */
function findingsOf({ vulnerability, noteName }: Occurrence): readonly Finding[] {
  if (!vulnerability) return [];
  const id = plain((noteName ?? '').split('/').at(-1) ?? '') || 'unnamed';
  const { severity, effectiveSeverity, cvssScore, packageIssue } = vulnerability;
  const issues = packageIssue && packageIssue.length > 0 ? packageIssue : [{}];
  return issues.map(({ affectedPackage, affectedVersion, fixedVersion, ...issue }: Partial<z.infer<typeof Issue>>) => {
    const named = [severity, effectiveSeverity, issue.effectiveSeverity].map((one) => severityNamed(one ?? ''));
    // MAXIMUM stands for a version that will never exist
    const fixedIn = fixedVersion?.kind === 'MAXIMUM' ? '' : plain(fixedVersion?.fullName ?? fixedVersion?.name ?? '');
    return {
      id,
      aliases: [],
      severity: largest(named) as Severity,
      package: plain(affectedPackage ?? 'unknown'),
      version: plain(affectedVersion?.fullName ?? affectedVersion?.name ?? ''),
      fixedIn: fixedIn || undefined,
      score: cvssScore ?? undefined,
      source: 'google',
    };
  });
}

function refused(target: ScanTarget, project: string, status: number, bytes: Uint8Array): PromotionError {
  const said = z.looseObject({ error: z.looseObject({ message: z.string() }) }).safeParse(json(bytes)).data;
  const words = said === undefined ? '' : `: ${plain(said.error.message)}`;
  const grant = `grant roles/containeranalysis.occurrences.viewer on ${project}, and enable containeranalysis.googleapis.com`;
  return failed(target, `the response is ${status}${words}`, status < 500 ? grant : 'retry later');
}

function failed({ repository, digest }: ScanTarget, problem: string, hint: string): PromotionError {
  return new PromotionError('SCANNER', `Google's Artifact Analysis of ${repository}@${digest}: ${problem}`, { hint });
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
