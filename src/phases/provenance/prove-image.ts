import type { EvidenceReader } from '../../attest/evidence/reader.ts';
import { attestationOf, signatureOf, withKnown } from '../../attest/evidence/state.ts';
import type { Failure } from '../../errors.ts';
import type { Context } from '../../pipeline/phase.ts';
import { policiesOf } from '../../plan/desired/policies.ts';
import type { WantedImage } from '../../plan/desired/desired.ts';
import { judge } from '../../policy/judge.ts';
import type { EvidenceSigner } from '../../policy/provenance.ts';
import { caught } from '../caught.ts';
import type { PlannedImage } from '../images.ts';
import { knownTo } from './known-signer.ts';
import type { ProvenImage } from './proven-images.ts';
import { evidenceFailure } from './failures.ts';
import { isHostDown } from '../reading/read-by-host.ts';

export type ProvenanceServices = {
  readonly evidence: EvidenceReader;
  /** Returns true for signers that the user knows, in addition to those of policies. */
  readonly isExpected: (signer: EvidenceSigner) => boolean;
  /** `when-asked` reads nothing of an image without a policy. Default: `always`. */
  readonly looks?: 'always' | 'when-asked';
};

/** Reads and judges the evidence of one image. Returns a failure if it cannot be read; throws if its registry is down. */
export async function prove(
  { evidence: reader, isExpected, looks = 'always' }: ProvenanceServices,
  image: PlannedImage,
  context: Context,
): Promise<ProvenImage | Failure> {
  const asked = policiesOf(image.wanted);
  const policies = asked.provenance;
  if (looks === 'when-asked' && policies.length === 0) return { ...image, ...unasked(image.wanted) };
  try {
    const subject = { repository: image.wanted.source, digest: image.wanted.digest };
    const look = async (tags: 'listed' | 'unlisted'): Promise<Pick<ProvenImage, 'evidence' | 'judgement'>> => {
      const found = await reader.read(subject, policies.length > 0 ? 'platforms' : 'itself', context.signal, tags);
      const evidence = withKnown(found, knownTo(asked, isExpected));
      return { evidence, judgement: judge(policies, evidence) };
    };
    const listed = await look('listed');
    // the list may omit what the policy misses
    const isMissed = listed.judgement.violations.some(({ code }) => code === 'PROVENANCE');
    const { evidence, judgement } = isMissed ? await look('unlisted') : listed;
    const states = { signature: signatureOf(evidence), attestations: attestationOf(evidence) };
    return { ...image, evidence, judgement, found: states };
  } catch (error) {
    const failure = caught(error, context);
    if (isHostDown(failure)) throw failure;
    return evidenceFailure(image, failure);
  }
}

/** Returns the empty evidence of an image that is not read. */
export function unasked({ source: repository, digest }: WantedImage): Pick<ProvenImage, 'evidence' | 'judgement'> {
  const evidence = { repository, digest, isIndex: false, items: [], platforms: [] };
  return { evidence, judgement: judge([], evidence) };
}
