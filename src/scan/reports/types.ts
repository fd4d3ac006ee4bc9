import type { Digest } from '../../image/digest.ts';
import type { Finding } from '../../policy/vulnerabilities/vulnerability.ts';

/** A parsed report of a scanner, independent of its format. */
export type Report = {
  /** Name of the scanner, with its version if stated. */
  readonly scanner: string;
  /** The images that it names. */
  readonly digests: readonly Digest[];
  /** `os/architecture`, if stated. */
  readonly platform?: string | undefined;
  readonly findings: readonly Finding[];
};

/** A report format: parses JSON of this format; returns undefined for any other. */
export type ReportFormat = (value: unknown) => Report | undefined;

/** Returns the digests after an `@` in these texts, as in `repository@sha256:…`. */
export function digestsIn(texts: readonly (string | null | undefined)[]): readonly Digest[] {
  const found = texts.flatMap((text) => [...(text ?? '').matchAll(/@(sha256:[0-9a-f]{64})(?![0-9a-f])/g)]);
  return [...new Set(found.map(([, digest]) => digest as Digest))];
}

/** Longer than any name or version of a package. */
const SHOWN = 200;

/** Returns untrusted text on one line, without control characters. */
export function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, SHOWN);
}

/** Returns `os/architecture` if both are known. */
export function platformText(os: string, architecture: string, variant = ''): string {
  return [os, architecture, variant]
    .map((part) => plain(part))
    .filter((part) => part !== '')
    .join('/');
}
