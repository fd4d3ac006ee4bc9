import type { Failure, PromotionError } from '../../errors.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import { caught } from '../caught.ts';
import { wrongOnPrimary, type CheckedImage } from './checked-images.ts';
import { repairFailure } from './failures.ts';
import type { SigningServices, SignRequest } from '../signing/services.ts';
import { thenList } from '../signing/then-list.ts';
import type { Traffic } from '../reading/traffic.ts';

export type SignWrongServices = Pick<SigningServices, 'sign' | 'record' | 'list' | 'concurrency'> & {
  readonly traffic: Traffic;
};

/** How many digests were signed and recorded, and why others were not. */
export type SignedWrong = { readonly signed: number; readonly recorded: number; readonly failures: readonly Failure[] };

/** Signs and records what has no good signature or record on its primary; a signature that is not ours stops it. */
export async function signWrong(
  { sign, record, list, concurrency, traffic }: SignWrongServices,
  wrong: readonly CheckedImage[],
  context: Context,
): Promise<SignedWrong> {
  const failures: Failure[] = [];
  const written = { signature: 0, record: 0 };
  let stopped: PromotionError | undefined;
  await eachOf(wrong, concurrency, async (image) => {
    const call = { signal: context.signal, meter: traffic.of(image.check.repository) };
    const repairIt = async (): Promise<void> => {
      for (const what of ['signature', 'record'] as const) {
        if (!wrongOnPrimary(image, what)) continue;
        if (stopped !== undefined) throw stopped;
        const { name, digest, reference } = image.check;
        const place = { image: { name, digest }, reference };
        context.emit({ type: what === 'signature' ? 'signing-started' : 'recording-started', ...place });
        const done = what === 'signature' ? await sign(withElsewhere(image), call) : await record(image.check, call);
        if (done === 'written') written[what] += 1;
      }
    };
    try {
      await thenList(list, image.check, call, repairIt);
    } catch (error) {
      const failure = caught(error, context);
      // it would happen again
      if (failure.code === 'SIGNATURE_MISMATCH') stopped ??= failure;
      failures.push(repairFailure(image.check, failure));
    }
  });
  return { signed: written.signature, recorded: written.record, failures };
}

/** Keeps the signatures of a mirror, which may be the only one that has them. */
function withElsewhere({ check, findings }: CheckedImage): SignRequest {
  const signed = findings.filter(({ what, status }) => what === 'signature' && status !== 'unsigned');
  const staging = check.mirrors.find((mirror) => signed.some(({ repositories }) => repositories.includes(mirror)));
  return { ...check, staging };
}
