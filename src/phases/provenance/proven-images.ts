import type { EvidenceState } from '../../attest/evidence/state.ts';
import type { Failure } from '../../errors.ts';
import type { Evidence, Judgement } from '../../policy/provenance.ts';
import type { VulnerabilityJudgement } from '../../policy/vulnerabilities/vulnerability-gate.ts';
import type { PlannedImage } from '../images.ts';

/** An image of which is known who built and signed it, and what its policies say of that. */
export type ProvenImage = PlannedImage & {
  readonly evidence: Evidence;
  readonly judgement: Judgement;
  /** How good the best is that is attached to the digest itself; undefined if nobody looked. */
  readonly found?: { readonly signature: EvidenceState; readonly attestations: EvidenceState };
};

/** A proven image that went through all gates, and what each of them said. */
export type ValidatedImage = ProvenImage & { readonly checks: readonly GateResult[] };

/** What a gate says of an image: any failure keeps it from being promoted. */
export type GateResult = {
  readonly gate: string;
  readonly failures: readonly Failure[];
  /** Of a gate that looks for known weaknesses. */
  readonly vulnerabilities?: VulnerabilityJudgement;
};
