import type { Digest } from '../image/digest.ts';
import type { Context } from '../pipeline/phase.ts';
import { NO_POLICIES } from '../policy/policies.ts';
import type { Call } from '../registry/roles.ts';
import type { AttestedImage, PlannedImage, PlannedSignature, SignedImage } from './images.ts';
import type { ProvenImage } from './proven-images.ts';
import { tellCarried, tellRecording, tellSummary } from './signing-results.ts';
import type { SigningServices, VouchRequest, VouchServices } from './signing.ts';
import type { Traffic } from './traffic.ts';

export type AttestImageServices = Pick<SigningServices, 'record'> &
  VouchServices & {
    readonly traffic: Traffic;
    /** What policies say of an image that is not due; undefined where staging does not have it any longer. Throws where it cannot be read. */
    readonly prove: (image: Pick<PlannedImage, 'wanted' | 'policies'>, context: Context) => Promise<Proven | undefined>;
  };

type Proven = Pick<ProvenImage, 'evidence' | 'judgement'>;

type Known = {
  /** Of an image that was due. */
  readonly proven: Proven | undefined;
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
  known: Known,
  context: Context,
): Promise<AttestedImage> {
  const { planned } = image;
  const { repository, reference, wanted, tags, lacks } = planned;
  const { policies = NO_POLICIES } = wanted;
  const call: Call = { signal: context.signal, meter: services.traffic.of(repository) };
  const subject = { repository, reference, digest: wanted.digest };
  const proven = await provenOf(services, planned, known.proven, context);
  const about: VouchRequest | undefined = proven && { ...subject, wanted, policies, ...proven };
  const { carried, left } = about === undefined ? NOTHING : await services.carry(about, call);
  tellCarried(planned, { carried, left }, context);
  if (lacks.record) tellRecording(planned, context);
  const record = lacks.record ? await services.record({ ...subject, tags, wanted }, call) : 'there';
  const { name, digest } = wanted;
  if (record === 'written') context.narrate({ type: 'image-recorded', image: name, digest, reference });
  if (services.summarize === undefined || lacks.summary === undefined) return { ...image, record, carried };
  if (!lacks.summary) return { ...image, record, carried, summary: 'there' };
  const listed = listedWith(planned, known.planned);
  const summary = about === undefined ? 'unknown' : await services.summarize({ ...about, listed }, call);
  tellSummary(planned, summary, context);
  return { ...image, record, carried, summary };
}

const NOTHING = { carried: 0, left: [] };

/** What policies say of the image: asked only where something is to be made of it. */
async function provenOf(
  { prove }: AttestImageServices,
  { wanted, lacks }: PlannedSignature,
  known: Proven | undefined,
  context: Context,
): Promise<Proven | undefined> {
  const { policies = NO_POLICIES } = wanted;
  if (known !== undefined || (!lacks.record && lacks.summary !== true)) return known;
  if (policies.provenance.length > 0) return prove({ wanted, policies }, context);
  const evidence = { repository: wanted.source, digest: wanted.digest, isIndex: false, items: [], platforms: [] };
  return { evidence, judgement: { mode: 'off', result: 'off', level: 'unevaluated', accepted: [], violations: [] } };
}

function listedWith({ repository }: PlannedSignature, planned: readonly PlannedSignature[]): ReadonlySet<Digest> {
  return new Set(planned.filter((one) => one.repository === repository).map(({ wanted }) => wanted.digest));
}
