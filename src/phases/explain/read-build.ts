import { allItems, withKnown } from '../../attest/evidence/state.ts';
import type { EvidenceReader } from '../../attest/evidence/reader.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { judge } from '../../policy/judge.ts';
import type { ProjectPolicies } from '../../policy/policies.ts';
import type { EvidenceSigner } from '../../policy/provenance.ts';
import { knownTo } from '../provenance/known-signer.ts';
import { unknown, type BuildFact, type Fact } from '../../plan/explained/facts.ts';

export type BuildServices = {
  readonly evidence: EvidenceReader;
  readonly isExpected: (signer: EvidenceSigner) => boolean;
};

/** Reads the build provenance of a digest in one repository, and judges it by the policies of the image. */
export async function readBuild(
  { evidence: reader, isExpected }: BuildServices,
  { repository, digest }: { readonly repository: RepositoryName; readonly digest: Digest },
  policies: ProjectPolicies,
  signal: AbortSignal,
): Promise<Fact<BuildFact>> {
  const found = await reader.read({ repository, digest }, 'platforms', signal, 'unlisted');
  const evidence = withKnown(found, knownTo(policies, isExpected));
  const { level, result } = judge(policies.provenance, evidence);
  const builds = allItems(evidence)
    .filter(({ kind }) => kind === 'provenance')
    .map(({ status, builder, sources, signer }) => ({
      status,
      builder,
      sources,
      signer: signer && signerText(signer),
    }));
  // BuildKit repeats one statement for each platform
  const distinct = [...new Map(builds.map((build) => [JSON.stringify(build), build])).values()];
  if (distinct.length > 0 || result !== 'off')
    return { known: { from: repository, level, policy: result, builds: distinct } };
  return unknown(`${repository} has no build provenance of it`);
}

function signerText(signer: EvidenceSigner): string {
  return signer.kind === 'key' ? `the key ${signer.hint}` : `${signer.subject} (${signer.issuer})`;
}
