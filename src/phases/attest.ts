import { isPromotionError, type Failure } from '../errors.ts';
import { eachOf } from '../pipeline/concurrency.ts';
import type { Phase } from '../pipeline/phase.ts';
import type { AttestedImage, SignedImage } from './images.ts';
import type { Signing } from './sign.ts';
import { signingFailure, tellRecording } from './signing-results.ts';
import type { SigningServices } from './signing.ts';
import { tellFailures } from './tell.ts';
import type { Traffic } from './traffic.ts';

/** What was signed, and which of it is recorded. */
export type Attestation = {
  readonly phase: 'attest';
  readonly signing: Signing;
  readonly images: readonly AttestedImage[];
  readonly failures: readonly Failure[];
};

export type AttestServices = Pick<SigningServices, 'record' | 'concurrency'> & { readonly traffic: Traffic };

/** Writes the promotion record of each image that is signed, once a digest. */
export const attest = ({ record, concurrency, traffic }: AttestServices): Phase<Signing, Attestation> => ({
  name: 'attest',
  run: async (signing, context) => {
    const attested: AttestedImage[] = [];
    const failures: Failure[] = [];
    const work = async (image: SignedImage): Promise<void> => {
      const { repository, reference, wanted, tags, lacks } = image.planned;
      if (!lacks.record) {
        attested.push({ ...image, record: 'there' });
        return;
      }
      try {
        tellRecording(image.planned, context);
        const request = { repository, digest: wanted.digest, reference, tags, wanted };
        const done = await record(request, { signal: context.signal, meter: traffic.of(repository) });
        attested.push({ ...image, record: done });
      } catch (error) {
        if (!isPromotionError(error) || context.signal.aborted) throw error;
        failures.push(signingFailure('attest', image.planned, error));
      }
    };
    await eachOf(signing.images, concurrency, work);
    tellFailures(failures, context);
    return { phase: 'attest', signing, images: attested, failures: [...signing.failures, ...failures] };
  },
});
