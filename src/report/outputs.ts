import type { Attestation } from '../phases/attest.ts';
import type { Plan } from '../phases/plan.ts';
import type { Promotion } from '../phases/promote.ts';
import type { Provenance } from '../phases/provenance.ts';
import type { Loaded } from '../phases/setup.ts';
import type { Signing } from '../phases/sign.ts';
import type { Tagging } from '../phases/tag.ts';
import type { Validation } from '../phases/validate.ts';

/** The outputs of a promotion's phases; absent for phases that did not run. */
export type Outputs = {
  readonly loaded?: Loaded;
  readonly plan?: Plan;
  readonly provenance?: Provenance;
  readonly validation?: Validation;
  readonly promotion?: Promotion;
  readonly signing?: Signing;
  readonly attestation?: Attestation;
  readonly tagging?: Tagging;
};
