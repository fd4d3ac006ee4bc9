import { parsePackageUrl } from './package-url.ts';
import type { Finding, VexPackage, VexStatement } from './vulnerability.ts';

/** Returns true if the statement is about this vulnerability in this package, or in the whole image or platform. */
export function isExplainedBy(finding: Finding, { ids, packages, platform }: VexStatement): boolean {
  if (platform !== undefined && platform !== finding.platform) return false;
  const names = new Set([finding.id, ...finding.aliases].map((name) => name.toLowerCase()));
  if (!ids.some((id) => names.has(id.toLowerCase()))) return false;
  return packages.length === 0 || packages.some((one) => isPackage(finding, one));
}

/**
 * Returns the statement that counts among those about the same vulnerability: the latest, and among equal times the
 * last one in the file.
 */
export function lastStatement(statements: readonly VexStatement[]): VexStatement | undefined {
  return statements.toSorted((a, b) => a.time - b.time).at(-1);
}

/** Compares the finding's package; if its package URL is known, only that counts. */
function isPackage(finding: Finding, { type, name, version }: VexPackage): boolean {
  const own = finding.purl === undefined ? undefined : parsePackageUrl(finding.purl);
  if (own !== undefined) {
    return own.type === type && own.name === name && (version === undefined || own.version === version);
  }
  return isNamed(finding.package, type, name) && (version === undefined || finding.version === version);
}

/** Types whose namespace is the distribution, which scanners without package URLs omit: `git` for `wolfi/git`. */
const DISTRIBUTIONS: ReadonlySet<string> = new Set(['apk', 'deb', 'rpm']);

function isNamed(found: string, type: string, name: string): boolean {
  return found === name || (DISTRIBUTIONS.has(type) && name.slice(name.lastIndexOf('/') + 1) === found);
}
