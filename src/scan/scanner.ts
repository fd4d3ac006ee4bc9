import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { ScanResult } from '../policy/vulnerabilities/vulnerability.ts';

/** One manifest of a repository: an image of one platform, or an index. */
export type ScanTarget = { readonly repository: RepositoryName; readonly digest: Digest };

/** Tells what is known of an image's weaknesses. */
export type Scanner = {
  readonly name: string;
  /** True when it looks at one platform at a time, so that it is of no use to ask it about an index. */
  readonly onePlatform: boolean;
  /**
   * What it found. Nothing known is `not-scanned`; it throws SCANNER where it failed, what registries and services are
   * thrown for, and the signal's reason.
   */
  scan(target: ScanTarget, signal: AbortSignal): Promise<ScanResult>;
};

/** What a scanner says of an image that it knows nothing about. */
export function notScanned(scanner: string, reason: string): ScanResult {
  return { state: 'not-scanned', scanner, findings: [], reason };
}

/** The same scanner, asked once about each manifest whatever the number of images and entries that name it. */
export function askedOnce(scanner: Scanner): Scanner {
  const known = new Map<string, Promise<ScanResult>>();
  return {
    ...scanner,
    scan: (target, signal) => {
      const key = `${target.repository}@${target.digest}`;
      const scanning = known.get(key) ?? scanner.scan(target, signal);
      known.set(key, scanning);
      return scanning;
    },
  };
}
