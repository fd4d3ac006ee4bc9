import type { CloudAnswer, CloudRequest } from '../cloud.ts';

/** What Google's Artifact Analysis keeps of an image. */
export type Occurrence = { readonly kind: string; readonly resourceUri: string; readonly [key: string]: unknown };

/** The state of an analysis. */
export function discovery(
  resourceUri: string,
  analysisStatus: string,
  given: object = {},
  more: object = {},
): Occurrence {
  return {
    name: 'projects/acme/occurrences/1',
    kind: 'DISCOVERY',
    resourceUri,
    noteName: 'projects/goog-analysis/notes/PACKAGE_VULNERABILITY',
    discovery: {
      analysisStatus,
      continuousAnalysis: 'ACTIVE',
      ...(analysisStatus === 'FINISHED_FAILED' && { analysisStatusError: { code: 13, message: 'out of order' } }),
      ...more,
    },
    ...given,
  };
}

/** A weakness in one package, unless said otherwise. */
export function weakness(resourceUri: string, id: string, given: object = {}): Occurrence {
  const issue = { affectedPackage: 'openssl', affectedVersion: { kind: 'NORMAL', fullName: '3.0.1' } };
  return {
    name: `projects/acme/occurrences/${id}`,
    kind: 'VULNERABILITY',
    resourceUri,
    noteName: `projects/goog-vulnz/notes/${id}`,
    vulnerability: { severity: 'HIGH', packageIssue: [issue], ...given },
  };
}

/** Answers as the service does: what the filter asks for, in pages. Throws at any other question. */
export function analysis(occurrences: readonly Occurrence[], pageSize = 1000): (request: CloudRequest) => CloudAnswer {
  return ({ method, host, path }) => {
    const url = new URL(path, `https://${host}`);
    const filter = /^kind="([A-Z]+)" AND resourceUrl="([^"]+)"$/.exec(url.searchParams.get('filter') ?? '');
    if (method !== 'GET' || !/^\/v1\/projects\/[^/]+\/occurrences$/.test(url.pathname) || filter === null)
      throw new Error(`unexpected request: ${method} ${path}`);
    const [, kind, resource] = filter;
    const all = occurrences.filter((one) => one.kind === kind && one.resourceUri === resource);
    const start = Number(url.searchParams.get('pageToken') ?? 0);
    const next = start + Math.min(pageSize, Number(url.searchParams.get('pageSize') ?? 20));
    return { json: { occurrences: all.slice(start, next), ...(next < all.length && { nextPageToken: `${next}` }) } };
  };
}
