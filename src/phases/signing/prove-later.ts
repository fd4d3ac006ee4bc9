import { PromotionError } from '../../errors.ts';
import type { SourceReader } from '../../registry/source.ts';
import type { Prove } from './attest-proofs.ts';
import { prove, type ProvenanceServices } from '../provenance/prove-image.ts';

/** Returns a function that proves an image that is not due, for missing records and summaries. It returns undefined if staging no longer has the image. */
export function proveLater(services: ProvenanceServices, source: Pick<SourceReader, 'manifest'>): Prove {
  return async ({ wanted }, context) => {
    if ((await source.manifest(wanted.source, wanted.digest, context.signal)) === undefined) return undefined;
    const proven = await prove(services, { wanted, targets: [] }, context);
    if (!('code' in proven)) return proven;
    const { code, message, hint } = proven;
    throw new PromotionError(code, message, { side: 'source', hint });
  };
}
