import { failureOf, type Failure } from '../errors.ts';
import type { Call } from '../registry/roles.ts';
import { eachOf } from '../async/each-of.ts';
import type { Phase } from '../pipeline/phase.ts';
import { attestImage, type AttestImageServices } from './signing/attest-image.ts';
import { proofsOf, type Prove } from './signing/attest-proofs.ts';
import { caught } from './caught.ts';
import type { AttestedImage, SignedImage } from './images.ts';
import { progressOf } from './reading/progress.ts';
import type { ProvenImage } from './provenance/proven-images.ts';
import type { Plan } from './plan.ts';
import type { Signing } from './sign.ts';
import type { Validation } from './validate.ts';
import { signingFailure } from './signing/failure.ts';
import type { SigningServices } from './signing/services.ts';
import { thenList } from './signing/then-list.ts';

/** Which of what was signed is recorded. */
export type Attestation = {
  readonly images: readonly AttestedImage[];
  readonly failures: readonly Failure[];
};

type AttestServices = AttestImageServices &
  Pick<SigningServices, 'list' | 'settle' | 'concurrency'> & { readonly prove: Prove };

type Signed = { readonly plan: Plan; readonly validation: Validation; readonly signing: Signing };

/** Carries what was accepted in staging, writes the promotion record of each image that is signed, and its verification summary. */
export const attest = (services: AttestServices): Phase<Signed, 'attestation', Attestation> => ({
  name: 'attest',
  gives: 'attestation',
  run: async ({ plan, validation, signing }, context) => {
    const attested: AttestedImage[] = [];
    const failures: Failure[] = [];
    const due = new Map(validation.images.map((image): [unknown, ProvenImage] => [image.wanted, image]));
    const signed = signing.images.map((image) => image.planned);
    const known = {
      proofs: proofsOf(services.prove, signed, due, context),
      planned: plan.signing?.images ?? [],
    };
    const work = async (image: SignedImage): Promise<void> => {
      const { repository, wanted } = image.planned;
      const call = { signal: context.signal, meter: services.traffic.of(repository) };
      try {
        attested.push(
          await thenList(services.list, { repository, digest: wanted.digest }, call, () =>
            attestImage(services, image, known, context),
          ),
        );
      } catch (error) {
        failures.push(signingFailure('attest', image.planned, caught(error, context)));
      }
    };
    const advance = progressOf('images', signing.images.length, context);
    await eachOf(signing.images, services.concurrency, async (image) => {
      await work(image);
      advance(failures.length);
    });
    const callOf = (repository: string): Call => ({ signal: context.signal, meter: services.traffic.of(repository) });
    for (const error of (await services.settle?.(callOf)) ?? []) failures.push(failureOf('attest', error));
    context.emit({ type: 'failures', failures });
    return { images: attested, failures };
  },
});
