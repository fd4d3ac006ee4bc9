import { verifierWithoutTrust } from '../../../src/attest/verifying/without-trust.ts';
import type { PromotionServices } from '../../../src/promotion.ts';

/** For runs whose staging has nothing signed, or where it does not matter by whom: nobody is trusted or known. */
export const TRUSTS_NOBODY: PromotionServices['trust'] = {
  verifier: () => verifierWithoutTrust('nobody is trusted in this test'),
  isExpected: () => false,
  isBelieved: () => false,
};
