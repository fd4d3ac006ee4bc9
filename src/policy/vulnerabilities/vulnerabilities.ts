import type { Position } from '../../errors.ts';

/** The vulnerabilities that block an image. */
export type VulnerabilityPolicy = {
  /** The lowest blocking severity, as in --vuln-severity-threshold. Default: that of the command line. */
  readonly threshold?: number;
  readonly exceptions: readonly VulnerabilityException[];
  readonly at: Position;
  /** True for a policy of the base tree, which a change must satisfy as well. */
  readonly isBase?: true;
};

/** A vulnerability that does not block, and why. */
export type VulnerabilityException = {
  /** `CVE-2026-1`, or another ID of the scanner. */
  readonly id: string;
  /** The last day (UTC, `2026-12-31`) on which it applies; undefined: for ever. */
  readonly until?: string;
  readonly reason: string;
  readonly at: Position;
};
