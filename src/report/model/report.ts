import type { Failure } from '../../errors.ts';
import type { ChangeReport } from './change.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';

/** What a run returns, and all that its output is printed from. Times in milliseconds, sizes in bytes. */
export type RunReport = {
  readonly run: RunFacts;
  readonly registries: readonly RegistryReport[];
  /** The images that were due or failed; those that were complete are only counted in `totals`. */
  readonly images: readonly ImageReport[];
  readonly failures: readonly Failure[];
  /** What fails nothing: what the tree before has, too, and what in the manifests has no effect; absent if there is none. */
  readonly warnings?: readonly Failure[];
  readonly totals: Totals;
  /** Of a run that looks at a diff. */
  readonly change?: ChangeReport;
};

export type RegistryReport = {
  readonly host: string;
  readonly repositories: number;
  /** Repositories that could not be read, and references that could not be written. */
  readonly failed: number;
  /** The repositories among them. */
  readonly unread: number;
  readonly requests: number;
  readonly bytes: number;
};

export type ImageReport = {
  readonly name: string;
  readonly digest: string;
  readonly tags: readonly string[];
  readonly source: string;
  readonly file: string;
  readonly line: number;
  readonly sourceReads: number;
  readonly targets: readonly TargetReport[];
  /** Where the run signs, of images that are due or that lacked something of it. */
  readonly signature?: SignatureReport;
  /** All registries that must have it, each with its state; of images that are due, failed or not known everywhere. */
  readonly mirrors?: readonly MirrorReport[];
  /** Bytes of its manifests and blobs, where they had to be read; what a mirror holds already is not sent to it. */
  readonly size?: number;
  /** Of images that are due: what is attached to them in staging. */
  readonly provenance?: ProvenanceReport;
  /** Of images that still lack something: for how many days a later run can make up for it, where that is known. */
  readonly repairableDays?: number;
  /** Of images that are due, where the run scans. */
  readonly vulnerabilities?: VulnerabilityReport;
};

/** What scanners know of an image: nothing, unless its state is `scanned`. */
export type VulnerabilityReport = {
  readonly state: 'scanned' | 'not-scanned' | 'failed';
  readonly result: 'passed' | 'over' | 'not-scanned' | 'failed';
  readonly scanner: string;
  /** The lowest severity that holds it back; -1 where none does. */
  readonly threshold: number;
  readonly reason?: string;
  /** All of them, the worst first. */
  readonly findings: readonly FindingReport[];
};

/** One weakness of one package; `severity` from 0, unspecified, to 5, critical. */
export type FindingReport = {
  readonly id: string;
  readonly severity: number;
  readonly package: string;
  readonly version: string;
  readonly fixedIn?: string;
  readonly score?: number;
  readonly platform?: string;
  readonly source: string;
  readonly verdict: 'over' | 'below' | 'excepted' | 'not-affected' | 'fixed';
  /** Of what is left out: why, and who says so. */
  readonly reason?: string;
};

/** What is attached to an image in staging, and what its policies say of that. */
export type ProvenanceReport = {
  /** Of the digest itself: the best that is there, or `failed` for something that was tampered with. */
  readonly signature: EvidenceStatus | 'unsigned';
  readonly attestations: EvidenceStatus | 'unattested';
  /** The strictest of its policies; `off` where there is none. */
  readonly mode: 'off' | 'warn' | 'require';
  readonly result: 'passed' | 'warned' | 'failed' | 'off';
  /** The SLSA build level. */
  readonly level: number | 'unevaluated';
  readonly signer?: string;
  readonly builder?: string;
  readonly source?: string;
  readonly violations: readonly ViolationReport[];
  /** All of it, that of platforms too. */
  readonly evidence: readonly EvidenceReport[];
};

/** `untrusted`: a good signature by somebody who is not known; `unverifiable`: nobody here can tell. */
export type EvidenceStatus = 'verified' | 'untrusted' | 'failed' | 'unverifiable';

/** Why a policy does not take an image; `file` and `line` are those of the policy. */
export type ViolationReport = {
  readonly code: 'PROVENANCE' | 'TAMPERED';
  readonly message: string;
  readonly hint: string;
  readonly file?: string;
  readonly line?: number;
};

/** One signature or statement in staging. */
export type EvidenceReport = {
  /** The digest that it is about: the image, or a platform of it. */
  readonly subject: string;
  readonly kind: string;
  readonly form: 'bundle' | 'sig' | 'sig-referrer' | 'att';
  readonly status: EvidenceStatus;
  readonly predicateType?: string;
  readonly signer?: string;
  readonly builder?: string;
  /** The digest, or cosign's tag, that holds it. */
  readonly manifest: string;
  readonly reason?: string;
};

/** What is signed of an image on its primary: `unwanted` for a digest without tags, `missing` for what failed or was not done. */
export type SignatureReport = {
  readonly repository: string;
  /** The name that is signed. */
  readonly reference: string;
  readonly why: 'due' | 'entered';
  readonly signature: 'written' | 'there' | 'unwanted' | 'missing';
  readonly record: 'written' | 'there' | 'missing';
  /** How many attestations of staging were carried. */
  readonly carried?: number;
  /** Where summaries are written: `stuck` for a poor one that is kept, `unknown` where staging has the image no longer. */
  readonly summary?: 'written' | 'there' | 'stuck' | 'unknown' | 'missing';
};

/**
 * `present`: complete before the run; `done`: written and read back; `pending`: still to be written; `failed`: not
 * complete; `unknown`: could not be read, or the run was stopped while it wrote.
 */
export type MirrorState = 'present' | 'done' | 'pending' | 'failed' | 'unknown';

/** What is known of an image on one registry; `code` and `reason` say why a registry could not be read. */
export type MirrorReport = {
  readonly name: string;
  readonly state: MirrorState;
  readonly code?: string;
  readonly reason?: string;
};

/** `pending` targets are those that a dry run would have written; of `unknown` ones nobody knows whether they are there. */
export type TargetReport = {
  readonly ref: string;
  readonly action: 'present' | 'copy' | 'tag' | 'failed' | 'unknown';
  readonly pending?: true;
  readonly reason?: string;
  readonly code?: string;
  readonly attempts: number;
  readonly requests: number;
  readonly bytes: number;
  readonly ms: number;
};

export type Totals = {
  /** Images (source digests) that the tree names, or with a diff those that it touches. */
  readonly images: number;
  /** With a diff: images that the tree names besides, which were not looked at. */
  readonly unchanged?: number;
  /** Destination repositories. */
  readonly repositories: number;
  /** Image × mirror pairs that were complete before the run. */
  readonly present: number;
  readonly pending: number;
  readonly copied: number;
  readonly tagged: number;
  /** References that could not be planned, read or written. */
  readonly failed: number;
  /** References whose state is not known: the mirror could not be read (they are in `failed`, too), or the run was stopped. */
  readonly unknown: number;
  /** Images of this run that are complete on all their mirrors now. */
  readonly promoted: number;
  readonly requests: number;
  readonly bytes: number;
  readonly sourceReads: number;
  /** Only of a run that signs. */
  readonly signing?: SigningTotals;
};

/** Counts of digests, each on its primary. */
export type SigningTotals = VouchedTotals & {
  readonly signed: number;
  readonly recorded: number;
  /** Looked at and found to have all of it. */
  readonly complete: number;
  /** Still without a signature or record: failed, or not done yet. */
  readonly left: number;
  /** Without a signature's tag and not looked at, as they are older than what is repaired or of unknown age. */
  readonly unsigned: number;
};

/** What was attached besides, each only where there was some. */
export type VouchedTotals = {
  /** Digests whose verification summary was written. */
  readonly summarized?: number;
  /** Attestations of staging. */
  readonly carried?: number;
  /** Digests whose verification summary failed or evaluated nothing, and is kept. */
  readonly stuck?: number;
};
