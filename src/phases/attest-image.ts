import type { Digest } from '../image/digest.ts';
import type { Context } from '../pipeline/phase.ts';
import type { Call } from '../registry/roles.ts';
import type { Proofs } from './attest-proofs.ts';
import type { AttestedImage, PlannedSignature, SignedImage } from './images.ts';
import { tellCarried, tellRecording, tellSummary } from './signing-results.ts';
import type { SigningServices, VouchServices } from './signing.ts';
import type { Traffic } from './traffic.ts';

export type AttestImageServices = Pick<SigningServices, 'record'> & VouchServices & { readonly traffic: Traffic };

type Known = {
  readonly proofs: Proofs;
  /** All that is signed in this run. */
  readonly planned: readonly PlannedSignature[];
};

/**
 * Attaches to one image what it lacks: what was accepted in staging, then its record, then its summary, so that an image with
 * the later lacks nothing of the earlier.
 */
export async function attestImage(
  services: AttestImageServices,
  image: SignedImage,
  { proofs, planned: all }: Known,
  context: Context,
): Promise<AttestedImage> {
  const { planned } = image;
  const { repository, reference, wanted, tags, lacks } = planned;
  const call: Call = { signal: context.signal, meter: services.traffic.of(repository) };
  const about = await proofs.of(planned);
  const { carried, left } = about === undefined ? NOTHING : await services.carry(about, call);
  tellCarried(planned, { carried, left }, context);
  if (lacks.record) tellRecording(planned, context);
  const { name, digest } = wanted;
  const record = lacks.record ? await services.record({ repository, reference, digest, tags, wanted }, call) : 'there';
  if (record === 'written') context.narrate({ type: 'image-recorded', image: name, digest, reference });
  if (services.summarize === undefined || lacks.summary === undefined) return { ...image, record, carried };
  if (!lacks.summary) return { ...image, record, carried, summary: 'there' };
  const among = { listed: listedWith(planned, all), holders: await proofs.holders(repository) };
  const summary = about === undefined ? 'unknown' : await services.summarize({ ...about, ...among }, call);
  tellSummary(planned, summary, context);
  return { ...image, record, carried, summary };
}

const NOTHING = { carried: 0, left: [] };

function listedWith({ repository }: PlannedSignature, planned: readonly PlannedSignature[]): ReadonlySet<Digest> {
  return new Set(planned.filter((one) => one.repository === repository).map(({ wanted }) => wanted.digest));
}
