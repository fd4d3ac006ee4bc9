import type { Failure } from '../errors.ts';
import type { RepositoryName } from '../image/reference.ts';
import { eachOf } from '../async/each-of.ts';
import type { Phase } from '../pipeline/phase.ts';
import type { PlannedImage } from './images.ts';
import type { Plan } from './plan.ts';
import { prove, type ProvenanceServices } from './provenance/prove-image.ts';
import type { ProvenImage } from './provenance/proven-images.ts';
import { evidenceFailure, refusal } from './provenance/failures.ts';
import { pushTo, readByHost } from './reading/read-by-host.ts';
import { emitEvidence, emitViolations } from './provenance/emit-evidence.ts';

export type { ProvenanceServices } from './provenance/prove-image.ts';

/** The images that may be promoted by their attestations, and those that may not. */
export type Provenance = {
  readonly images: readonly ProvenImage[];
  /** Images that their policies reject, and those with a tampered attachment. */
  readonly refused: readonly ProvenImage[];
  readonly failures: readonly Failure[];
};

/** Images of one repository that are read at once: each costs a few small requests. */
const IMAGES_AT_ONCE = 16;

/** Finds out who built and signed each due image, and holds back those that their policies reject. */
export const provenance = (services: ProvenanceServices): Phase<{ readonly plan: Plan }, 'provenance', Provenance> => ({
  name: 'provenance',
  gives: 'provenance',
  run: async ({ plan }, context) => {
    const bySource = new Map<RepositoryName, PlannedImage[]>();
    for (const image of plan.images) pushTo(bySource, image.wanted.source, image);
    services.evidence.expect(plan.images.map(({ wanted: { source, digest } }) => ({ repository: source, digest })));
    const proven = new Map<PlannedImage, ProvenImage | Failure>();
    const read = (repository: RepositoryName): Promise<void> =>
      eachOf(bySource.get(repository) ?? [], IMAGES_AT_ONCE, async (image) => {
        proven.set(image, await prove(services, image, context));
      });
    const errors = await readByHost('source', [...bySource.keys()], read, context);
    const [images, refused, failures]: [ProvenImage[], ProvenImage[], Failure[]] = [[], [], []];
    for (const image of plan.images) {
      const error = errors.get(image.wanted.source);
      const one = proven.get(image) ?? (error && evidenceFailure(image, error));
      if (one === undefined) continue;
      if ('code' in one) failures.push(one);
      else {
        const failure = refusal(one);
        (failure === undefined ? images : refused).push(one);
        if (failure !== undefined) failures.push(failure);
        emitEvidence(one, context);
      }
    }
    emitViolations(images, context);
    context.emit({ type: 'failures', failures });
    return { images, refused, failures };
  },
});
