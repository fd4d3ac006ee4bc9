import type { Position } from '../errors.ts';
import type { ProvenancePolicy } from './provenance.ts';
import type { SignerRule } from './signer.ts';
import type { VulnerabilityPolicy } from './vulnerabilities/vulnerabilities.ts';

/** The policy of one project: its manifest, completed by the policy file of the tree. */
export type ProjectPolicy = {
  readonly provenance?: ProvenancePolicy;
  readonly artifactTypes?: ArtifactTypes;
  readonly vulnerabilities?: VulnerabilityPolicy;
};

/** The artifact types that may be promoted in addition to container images. */
export type ArtifactTypes = { readonly types: readonly string[]; readonly at: Position };

/** All policies of one image; it must satisfy each of them. */
export type ProjectPolicies = {
  /** Enabled policies of its project and of every project whose source registry contains it. */
  readonly provenance: readonly ProvenancePolicy[];
  /** A type must be in each of these lists. */
  readonly artifactTypes: readonly ArtifactTypes[];
  readonly vulnerabilities: readonly VulnerabilityPolicy[];
  /**
   * The signers of the base tree; undefined without a base. A reporter of vulnerabilities must be in each of these
   * lists, so that a change cannot add its own.
   */
  readonly signersBefore?: readonly (readonly SignerRule[])[];
};

/** No policies. */
export const NO_POLICIES: ProjectPolicies = { provenance: [], artifactTypes: [], vulnerabilities: [] };
