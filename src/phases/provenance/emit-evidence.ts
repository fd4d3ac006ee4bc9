import { NOT_LOADED } from '../../attest/verifying/without-trust.ts';
import { allItems } from '../../attest/evidence/state.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { ProvenImage } from './proven-images.ts';

/** Emits the attachments of an image, if they were read. */
export function emitEvidence({ wanted, evidence, found }: ProvenImage, { emit }: Context): void {
  const { source, digest } = wanted;
  if (found !== undefined) emit({ type: 'evidence-read', source, digest, found, items: allItems(evidence) });
}

/** Emits what the policies of promoted images warn of, and how many have attachments that cannot be verified here. */
export function emitViolations(images: readonly ProvenImage[], { emit }: Context): void {
  // a trust root that could not be loaded is a warning of its own
  const isUnverifiable = ({ evidence }: ProvenImage): boolean =>
    allItems(evidence).some(({ status, reason }) => status === 'unverifiable' && reason !== NOT_LOADED);
  const unverifiable = images.filter(isUnverifiable).length;
  const warned = images.filter(({ judgement }) => judgement.result === 'warned');
  emit({ type: 'policies-violated', unverifiable, violations: warned.flatMap((image) => image.judgement.violations) });
}
