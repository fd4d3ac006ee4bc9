import type { EvidenceState } from '../../attest/evidence/state.ts';
import type { Failure } from '../../errors.ts';
import type { Evidence, Judgement } from '../../policy/provenance.ts';
import type { VulnerabilityJudgement } from '../../policy/vulnerabilities/vulnerability-gate.ts';
import type { PlannedImage } from '../images.ts';

/** An image with its evidence, and the judgement of its policies. */
export type ProvenImage = PlannedImage & {
  readonly evidence: Evidence;
  readonly judgement: Judgement;
  /** The states of what is attached to the digest itself; undefined if it was not read. */
  readonly found?: { readonly signature: EvidenceState; readonly attestations: EvidenceState };
};

/** A proven image with the results of all gates. */
export type ValidatedImage = ProvenImage & { readonly checks: readonly GateResult[] };

/** The result of a gate: any failure holds the image back. */
export type GateResult = {
  readonly gate: string;
  readonly failures: readonly Failure[];
  /** The result of the vulnerability gate. */
  readonly vulnerabilities?: VulnerabilityJudgement;
};
