import type { Position } from '../../src/errors.ts';
import type { Digest } from '../../src/image/digest.ts';
import { pathPattern } from '../../src/policy/path-pattern.ts';
import type { Evidence, EvidenceItem, ImageLevel, ProvenancePolicy, SignerRule } from '../../src/policy/provenance.ts';
import { parseSigner } from '../../src/policy/signer.ts';

const AT: Position = { file: 'promoter-manifest.yaml', line: 7, column: 1 };

export const ISSUER = 'https://accounts.google.com';
export const BUILDER = 'https://ci.example/builder';
export const SOURCE = 'github.com/acme/app';
export const SLSA = 'https://slsa.dev/provenance/v1';

/** A signer of a policy, exact unless it is written in full. */
export function signerRule(text: string): SignerRule {
  const parsed = parseSigner(text.startsWith('sigstore') ? text : `sigstore::${ISSUER}::${text}`);
  if (!('value' in parsed)) throw new Error(parsed.message);
  return parsed.value;
}

/** A policy that requires BUILDER (level 3) from SOURCE, signed by `ci`. */
export function requiring(differing: Partial<ProvenancePolicy> = {}): ProvenancePolicy {
  return {
    mode: 'require',
    signers: [signerRule('ci')],
    builders: [{ id: BUILDER, level: 3, at: AT }],
    sources: [SOURCE],
    predicateTypes: [],
    level: 0,
    levels: [],
    at: AT,
    ...differing,
  };
}

/** A builder of a policy. */
export function builderRule(
  id: string,
  level: 1 | 2 | 3,
  ...signers: readonly string[]
): ProvenancePolicy['builders'][number] {
  return { id, level, at: AT, ...(signers.length > 0 && { signers: signers.map(signerRule) }) };
}

/** What images of these names must reach. */
export function imageLevel(level: 2 | 3, ...images: readonly string[]): ImageLevel {
  const patterns = images.map((text) => {
    const pattern = pathPattern(text);
    if (!('value' in pattern)) throw new Error(pattern.message);
    return { text, matches: pattern.value };
  });
  return { images: patterns, level };
}

/** Build provenance by `ci` that satisfies requiring(). */
export function provenanceItem(differing: Partial<EvidenceItem> = {}): EvidenceItem {
  return {
    kind: 'provenance',
    form: 'bundle',
    predicateType: SLSA,
    status: 'verified',
    signer: { kind: 'keyless', issuer: ISSUER, subject: 'ci' },
    builder: `${BUILDER}@refs/tags/v1`,
    invocation: 'https://ci.example/runs/1',
    sources: [`git+https://${SOURCE}@refs/tags/v1`],
    manifest: digestOf('e'),
    content: digestOf('f'),
    ...differing,
  };
}

/** A digest of staging with this attached to it. */
export function evidenceOf(items: readonly EvidenceItem[], platforms?: readonly Evidence[]): Evidence {
  const isIndex = platforms !== undefined;
  return {
    repository: 'a.test/app',
    digest: digestOf(isIndex ? 'a' : 'b'),
    isIndex,
    items,
    platforms: platforms ?? [],
  };
}

function digestOf(character: string): Digest {
  return `sha256:${character.repeat(64)}`;
}
