import type { Attestation } from '../../phases/attest.ts';
import type { Plan } from '../../phases/plan.ts';
import type { Promotion } from '../../phases/promote.ts';
import type { Provenance } from '../../phases/provenance.ts';
import type { Loaded } from '../../phases/setup.ts';
import type { Signing } from '../../phases/sign.ts';
import type { Tagging } from '../../phases/tag.ts';
import type { Validation } from '../../phases/validate.ts';

/** How far a run came; undefined when not even the manifests were loaded. */
export type Reached = Loaded | Plan | Provenance | Validation | Promotion | Signing | Attestation | Tagging | undefined;

/** The output of each phase that a run came to. */
export type Stages = {
  readonly plan?: Plan;
  readonly provenance?: Provenance;
  readonly validation?: Validation;
  readonly promotion?: Promotion;
  readonly signing?: Signing;
  readonly attestation?: Attestation;
};

/** Takes the last output apart: each holds the one before. */
export function stagesOf(reached: Reached): Stages {
  switch (reached?.phase) {
    case 'tag':
      return withTags(stagesOf(reached.attestation), reached);
    case 'attest':
      return { ...stagesOf(reached.signing), attestation: reached };
    case 'sign':
      return { ...stagesOf(reached.promotion), signing: reached };
    case 'promote':
      return { ...stagesOf(reached.validation), promotion: reached };
    case 'validate':
      return { ...stagesOf(reached.provenance), validation: reached };
    case 'provenance':
      return { ...stagesOf(reached.plan), provenance: reached };
    case 'plan':
      return { plan: reached };
    default:
      return {};
  }
}

/** What was promoted, with its tags. */
function withTags({ promotion, ...stages }: Stages, { images }: Tagging): Stages {
  return { ...stages, ...(promotion !== undefined && { promotion: { ...promotion, images } }) };
}
