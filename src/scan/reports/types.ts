import type { Digest } from '../../image/digest.ts';
import type { Finding } from '../../policy/vulnerabilities/vulnerability.ts';

/** What a scanner's report says, whatever its form. */
export type Report = {
  /** What made it, with its version where it says so. */
  readonly scanner: string;
  /** The images that it says it is about. */
  readonly digests: readonly Digest[];
  /** `os/architecture`, where it tells. */
  readonly platform?: string;
  readonly findings: readonly Finding[];
};

/** One form of report: what parsed JSON of this form says; undefined for any other form. */
export type ReportFormat = (value: unknown) => Report | undefined;

/** The digests that stand in these texts behind an `@`, as in `repository@sha256:…`. */
export function digestsIn(texts: readonly (string | null | undefined)[]): readonly Digest[] {
  const found = texts.flatMap((text) => [...(text ?? '').matchAll(/@(sha256:[0-9a-f]{64})(?![0-9a-f])/g)]);
  return [...new Set(found.map(([, digest]) => digest as Digest))];
}

/** Longer than any name or version of a package. */
const SHOWN = 200;

/** Foreign text in one line, without what a terminal would obey. */
export function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, SHOWN);
}

/** `os/architecture`, where both are known. */
export function platformText(os: string, architecture: string, variant = ''): string {
  return [os, architecture, variant]
    .map((part) => plain(part))
    .filter((part) => part !== '')
    .join('/');
}
