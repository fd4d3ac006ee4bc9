import type { Position } from '../../errors.ts';

/** Which vulnerabilities hold an image back. */
export type VulnerabilityPolicy = {
  /** The lowest severity that does, as --vuln-severity-threshold counts; absent leaves it to the command line. */
  readonly threshold?: number;
  readonly exceptions: readonly VulnerabilityException[];
  readonly at: Position;
  /** True for a policy of the tree before, which a change must satisfy, too. */
  readonly isBase?: true;
};

/** A finding that holds nothing back, and why. */
export type VulnerabilityException = {
  /** `CVE-2026-1`, or what else the scanner calls it. */
  readonly id: string;
  /** The last day (UTC, `2026-12-31`) on which it counts; absent for good. */
  readonly until?: string;
  readonly reason: string;
  readonly at: Position;
};
