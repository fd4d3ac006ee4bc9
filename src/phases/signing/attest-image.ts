import type { Digest } from '../../image/digest.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { Call } from '../../registry/roles.ts';
import type { Proofs } from './attest-proofs.ts';
import type { AttestedImage, PlannedSignature, SignedImage } from '../images.ts';
import type { Carried, SigningServices, VouchRequest, VouchServices } from './services.ts';
import type { Traffic } from '../reading/traffic.ts';

export type AttestImageServices = Pick<SigningServices, 'record'> & VouchServices & { readonly traffic: Traffic };

type Known = {
  readonly proofs: Proofs;
  /** All images that this run signs. */
  readonly planned: readonly PlannedSignature[];
};

/**
 * Attaches to one image the accepted attestations of staging, then its record, then its summary, so that an image with
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
  const [first, ...others] = await proofs.of(planned);
  const carried = await carryFrom(services, first === undefined ? [] : [first, ...others], call);
  const { name, digest } = wanted;
  const place = { image: wanted, reference };
  context.emit({ type: 'attestations-carried', ...place, ...carried });
  if (lacks.record) context.emit({ type: 'recording-started', ...place });
  const record = lacks.record ? await services.record({ repository, reference, digest, tags, wanted }, call) : 'there';
  if (record === 'written') context.emit({ type: 'image-recorded', image: name, digest, reference });
  const done = { ...image, record, carried: carried.carried };
  if (services.summarize === undefined || lacks.summary === undefined) return done;
  if (!lacks.summary) return { ...done, summary: 'there' };
  const about = { repository, reference, digest, listed: listedWith(planned, all) };
  const summary =
    first === undefined
      ? 'unknown'
      : await services.summarize(
          { ...about, sources: [first, ...others], holders: await proofs.holders(repository) },
          call,
        );
  context.emit({ type: 'summary-finished', ...place, result: summary });
  return { ...done, summary };
}

/** Carries the accepted attestations of each repository that an image is promoted from. */
async function carryFrom(
  { carry }: Pick<AttestImageServices, 'carry'>,
  sources: readonly VouchRequest[],
  call: Call,
): Promise<Carried> {
  let [carried, left]: [number, readonly string[]] = [0, []];
  for (const source of sources) {
    const done = await carry(source, call);
    [carried, left] = [carried + done.carried, [...left, ...done.left]];
  }
  return { carried, left };
}

function listedWith({ repository }: PlannedSignature, planned: readonly PlannedSignature[]): ReadonlySet<Digest> {
  return new Set(planned.filter((one) => one.repository === repository).map(({ wanted }) => wanted.digest));
}
