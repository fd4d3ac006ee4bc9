import { platformsIn } from '../../attest/evidence/accepted.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import { policiesOf } from '../../plan/desired/policies.ts';
import type { WantedImage } from '../../plan/desired/desired.ts';
import type { PlannedImage, PlannedSignature } from '../images.ts';
import { unasked } from '../provenance/prove-image.ts';
import type { ProvenImage } from '../provenance/proven-images.ts';
import { pushTo } from '../reading/read-by-host.ts';
import type { SummarizeRequest, VouchRequest } from './services.ts';

type Proven = Pick<ProvenImage, 'evidence' | 'judgement'>;

/** Judges an image that is not due. Returns undefined if staging no longer has it; throws if it cannot be read. */
export type Prove = (image: Pick<PlannedImage, 'wanted'>, context: Context) => Promise<Proven | undefined>;

/** The evidence of the images that a run attests; each image is read once. */
export type Proofs = {
  /** Returns one request for each of its sources; none if it is not needed, or if staging no longer has the image. */
  of(planned: PlannedSignature): Promise<readonly VouchRequest[]>;
  /** Returns the images summarized in a repository that hold a platform, without those that cannot be read. */
  holders(repository: RepositoryName): Promise<SummarizeRequest['holders']>;
};

/** Images of one repository that are read at once, as before they are promoted. */
const IMAGES_AT_ONCE = 16;

/** `due` has the evidence of images that were due; they are not read again. */
export function proofsOf(
  prove: Prove,
  images: readonly PlannedSignature[],
  due: ReadonlyMap<unknown, Proven>,
  context: Context,
): Proofs {
  const found = new Map<PlannedSignature, Promise<readonly VouchRequest[]>>();
  const of: Proofs['of'] = (planned) => {
    const looking = found.get(planned) ?? lookAt(prove, planned, due, context);
    found.set(planned, looking);
    return looking;
  };
  const read = async (repository: RepositoryName): Promise<SummarizeRequest['holders']> => {
    const held = new Map<Digest, VouchRequest[]>();
    const there = images.filter((one) => one.repository === repository && one.lacks.summary === true);
    await eachOf(there, IMAGES_AT_ONCE, async (planned) => {
      // the error is emitted when the image itself is attested
      for (const request of await of(planned).catch(() => []))
        for (const digest of platformsIn(request.evidence)) pushTo(held, digest, request);
    });
    return (digest) => held.get(digest) ?? [];
  };
  const all = new Map<RepositoryName, ReturnType<Proofs['holders']>>();
  const holders: Proofs['holders'] = (repository) => {
    const reading = all.get(repository) ?? read(repository);
    all.set(repository, reading);
    return reading;
  };
  return { of, holders };
}

async function lookAt(
  prove: Prove,
  { repository, reference, wanted: first, also = [], lacks }: PlannedSignature,
  due: ReadonlyMap<unknown, Proven>,
  context: Context,
): Promise<readonly VouchRequest[]> {
  const look = async (wanted: WantedImage): Promise<readonly VouchRequest[]> => {
    const known = due.get(wanted);
    if (known === undefined && !lacks.record && lacks.summary !== true) return [];
    const policies = policiesOf(wanted);
    const asks = policies.provenance.length > 0;
    const proven = known ?? (asks ? await prove({ wanted }, context) : unasked(wanted));
    if (proven === undefined) return [];
    const { evidence, judgement } = proven;
    return [{ repository, reference, digest: wanted.digest, wanted, policies, evidence, judgement }];
  };
  return (await Promise.all([first, ...also].map(look))).flat();
}
