import { PromotionError, type Failure } from '../errors.ts';
import { eachOf } from '../async/each-of.ts';
import type { Phase } from '../pipeline/phase.ts';
import { caught } from './caught.ts';
import type { PlannedSignature, SignedImage } from './images.ts';
import { progressOf } from './reading/progress.ts';
import { readyToSign, type Copied } from './signing/ready-to-sign.ts';
import { signingFailure } from './signing/failure.ts';
import type { SigningServices } from './signing/services.ts';
import { listIfFailed } from './signing/then-list.ts';
import type { Traffic } from './reading/traffic.ts';

/** The signed images, promoted by this run or before. */
export type Signing = {
  readonly images: readonly SignedImage[];
  readonly failures: readonly Failure[];
};

type SignServices = Pick<SigningServices, 'sign' | 'list' | 'isSigned' | 'concurrency'> & {
  readonly traffic: Traffic;
};

/** Signs each candidate that its primary holds, once under its name. Stops at a signature that is not ours. */
export const sign = (services: SignServices): Phase<Copied, 'signing', Signing> => ({
  name: 'sign',
  gives: 'signing',
  run: async (outputs, context) => {
    const { sign: signDigest, list, isSigned, concurrency, traffic } = services;
    const ready = readyToSign(outputs);
    const signed: SignedImage[] = [];
    const failures: Failure[] = [];
    const advance = progressOf('images', ready.length, context);
    let stopped: PromotionError | undefined;
    const work = async (planned: PlannedSignature & { readonly staging?: string | undefined }): Promise<void> => {
      const { wanted, repository, reference, lacks, staging } = planned;
      if (!isSigned(planned) || !lacks.signature) {
        signed.push({ planned, signature: isSigned(planned) ? 'there' : 'unwanted' });
        return;
      }
      try {
        if (stopped !== undefined) throw notTried(stopped);
        const request = { repository, digest: wanted.digest, reference, staging };
        const call = { signal: context.signal, meter: traffic.of(repository) };
        context.emit({ type: 'signing-started', image: wanted, reference });
        const signature = await listIfFailed(list, request, call, () => signDigest(request, call));
        signed.push({ planned, signature });
        if (signature === 'written')
          context.emit({ type: 'image-signed', image: wanted.name, digest: wanted.digest, reference });
      } catch (error) {
        const failure = caught(error, context);
        // it would happen again: the account or the trust root is not the expected one
        if (failure.code === 'SIGNATURE_MISMATCH') stopped ??= failure;
        failures.push(signingFailure('sign', planned, failure));
      }
    };
    await eachOf(ready, concurrency, async (planned) => {
      await work(planned);
      advance(failures.length);
    });
    context.emit({ type: 'failures', failures });
    return { images: signed, failures };
  },
});

function notTried(cause: PromotionError): PromotionError {
  return new PromotionError('SIGNATURE_MISMATCH', 'not signed: signing stopped when a signature was not ours', {
    cause,
    hint: cause.hint,
  });
}
