import type { Position } from '../errors.ts';
import type { ProvenancePolicy } from './provenance.ts';
import type { SignerRule } from './signer.ts';
import type { VulnerabilityPolicy } from './vulnerabilities/vulnerabilities.ts';

/** What one project asks of its images: its manifest, completed by the file of the whole tree. */
export type ProjectPolicy = {
  readonly provenance?: ProvenancePolicy;
  readonly artifactTypes?: ArtifactTypes;
  readonly vulnerabilities?: VulnerabilityPolicy;
};

/** The types of artifact that may be promoted besides container images. */
export type ArtifactTypes = { readonly types: readonly string[]; readonly at: Position };

/** Everything that is asked of one image; it must pass each of them. */
export type ProjectPolicies = {
  /** Of its project and of every project whose source registry contains it; those that are off left out. */
  readonly provenance: readonly ProvenancePolicy[];
  /** A type must be in each of these lists. */
  readonly artifactTypes: readonly ArtifactTypes[];
  readonly vulnerabilities: readonly VulnerabilityPolicy[];
  /**
   * Whom policies named in the tree before; absent where there is none to compare with. A reporter of vulnerabilities must
   * be in each of these lists, so that a change cannot name its own.
   */
  readonly signersBefore?: readonly (readonly SignerRule[])[];
};

/** Nothing is asked. */
export const NO_POLICIES: ProjectPolicies = { provenance: [], artifactTypes: [], vulnerabilities: [] };
