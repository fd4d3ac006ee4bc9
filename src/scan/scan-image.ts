import { isPromotionError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { ScanResult } from '../policy/vulnerabilities/vulnerability.ts';
import { plain } from './reports/types.ts';
import { notScanned, type Scanner, type ScanTarget } from './scanner.ts';

/** An image; for an index with its platforms. */
export type ScannedImage = {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** Empty for an image of one platform. */
  readonly platforms: readonly Platform[];
};

/** One image of an index; `name` is its platform in the index if that is unique, else its digest. */
export type Platform = { readonly digest: Digest; readonly name: string };

/** Returns the images of an index with unique names: two may both be linux/amd64. */
export function namedApart(
  images: readonly { readonly digest: Digest; readonly platform?: string | undefined }[],
): readonly Platform[] {
  const digests = new Map<string, Set<Digest>>();
  const nameOf = ({ platform = '' }: { readonly platform?: string | undefined }): string => plain(platform);
  for (const image of images) {
    const sharing = digests.get(nameOf(image)) ?? new Set();
    digests.set(nameOf(image), sharing.add(image.digest));
  }
  return images.map((image) => {
    const name = nameOf(image);
    return { digest: image.digest, name: name !== '' && digests.get(name)?.size === 1 ? name : image.digest };
  });
}

/**
 * Tries the scanners in order until one succeeds. For an index, every platform must be scanned. A scanner's failure is
 * reported only if no other scanner succeeds.
 */
export async function scanImage(
  scanners: readonly Scanner[],
  { repository, digest, platforms }: ScannedImage,
  signal: AbortSignal,
): Promise<ScanResult> {
  if (platforms.length === 0) return tryScanners(scanners, { repository, digest }, signal);
  const whole = await tryScanners(
    scanners.filter(({ onePlatform }) => !onePlatform),
    { repository, digest },
    signal,
  );
  const isWhole = whole.state === 'scanned';
  // A scanner may scan only one platform of an index; without a name it is unknown which.
  const isUnnamed = isWhole && whole.platforms === undefined;
  if (isUnnamed && platforms.length === 1) return whole;
  const known = isWhole ? (whole.platforms ?? []) : [];
  const results = isWhole ? [whole] : [];
  const missing: { readonly name: string; readonly result: ScanResult }[] = [];
  const scanned = new Set(known.flatMap((name) => platformNamed(name, platforms)?.digest ?? []));
  for (const platform of platforms.filter((one) => !scanned.has(one.digest))) {
    const { name } = platform;
    // One at a time: a tool may unpack a gigabyte for each.
    const result = await tryScanners(scanners, { repository, digest: platform.digest }, signal);
    if (result.state !== 'scanned') missing.push({ name, result: isUnnamed ? withReason(result, UNNAMED) : result });
    results.push({ ...result, findings: result.findings.map((finding) => ({ ...finding, platform: name })) });
  }
  return combined(results, missing);
}

const UNNAMED = 'the report of the index does not name its platform';

function withReason(result: ScanResult, reason: string): ScanResult {
  return { ...result, reason: [result.reason ?? '', reason].filter(Boolean).join('; ') };
}

async function tryScanners(scanners: readonly Scanner[], target: ScanTarget, signal: AbortSignal): Promise<ScanResult> {
  const others: ScanResult[] = [];
  for (const { name, scan } of scanners) {
    try {
      const result = await scan(target, signal);
      if (result.state === 'scanned') return result;
      others.push(result);
    } catch (error) {
      if (signal.aborted || !isPromotionError(error)) throw error;
      const hint = error.hint === undefined ? '' : `; ${error.hint}`;
      others.push({ state: 'failed', scanner: name, findings: [], reason: `${error.message}${hint}` });
    }
  }
  const [only = notScanned('none', 'no scanner supports it')] = others;
  if (others.length < 2) return only;
  const isFailed = others.some(({ state }) => state === 'failed');
  return {
    state: isFailed ? 'failed' : 'not-scanned',
    scanner: others.map(({ scanner }) => scanner).join(', '),
    findings: others.flatMap(({ findings }) => findings),
    reason: others.map(({ scanner, reason = 'not scanned' }) => `${scanner}: ${reason}`).join('; '),
  };
}

/** Combines the results of several platforms: the worst counts. */
function combined(
  results: readonly ScanResult[],
  missing: readonly { readonly name: string; readonly result: ScanResult }[],
): ScanResult {
  const isFailed = missing.some(({ result }) => result.state === 'failed');
  const why = missing.map(({ name, result: { reason = 'not scanned' } }) => `${name}: ${reason}`);
  const reasons = why.length > 0 ? why : results.flatMap(({ reason }) => reason ?? []);
  return {
    state: isFailed ? 'failed' : missing.length > 0 ? 'not-scanned' : 'scanned',
    scanner: [...new Set(results.map(({ scanner }) => scanner))].join(', '),
    findings: results.flatMap(({ findings }) => findings),
    reason: reasons.length > 0 ? [...new Set(reasons)].join('; ') : undefined,
  };
}

/** Returns the only platform that matches this name of a report; undefined if several may. */
function platformNamed(name: string, platforms: readonly Platform[]): Platform | undefined {
  const meant = platforms.filter((one) => isSame(one.name, name));
  return meant.length === 1 ? meant[0] : undefined;
}

/** Returns true if two names may mean the same platform: one of them may omit the variant. */
function isSame(one: string, other: string): boolean {
  const [parts, others] = [one.split('/'), other.split('/')];
  return [0, 1, 2].every((index) => {
    const [mine, theirs] = [parts[index], others[index]];
    return mine === theirs || (index === 2 && (mine === undefined || theirs === undefined));
  });
}
