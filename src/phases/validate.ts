import type { Failure } from '../errors.ts';
import { eachOf } from '../async/each-of.ts';
import type { Context, Phase } from '../pipeline/phase.ts';
import { caught } from './caught.ts';
import type { GateResult, ProvenImage, ValidatedImage } from './provenance/proven-images.ts';
import type { Provenance } from './provenance.ts';
import { scanFailure } from './scan/failures.ts';

/**
 * Checks an image before it is promoted. A returned failure, or an error, holds the image back.
 */
export type Gate = (image: ProvenImage, context: Context) => Promise<GateResult>;

type ValidateServices = {
  /** Each image goes through all of them, so that all its problems are reported at once. */
  readonly gates: readonly Gate[];
  /** Images in work at once. */
  readonly threads: number;
};

/** The images that passed all gates, and those that did not. */
export type Validation = {
  readonly images: readonly ValidatedImage[];
  /** Images that a gate rejects. */
  readonly refused: readonly ValidatedImage[];
  readonly failures: readonly Failure[];
};

/** Sends each image through the gates, and holds back those that one of them refuses. */
export const validate = ({
  gates,
  threads,
}: ValidateServices): Phase<{ readonly provenance: Provenance }, 'validation', Validation> => ({
  name: 'validate',
  gives: 'validation',
  run: async ({ provenance }, context) => {
    const checked = new Map<ProvenImage, readonly GateResult[]>();
    await eachOf(provenance.images, threads, async (image) => {
      checked.set(image, await Promise.all(gates.map((gate) => through(gate, image, context))));
    });
    // in the order of the manifests, not of the answers
    const validated = provenance.images.map((image) => ({ ...image, checks: checked.get(image) ?? [] }));
    const images = validated.filter((image) => failuresOf(image).length === 0);
    const refused = validated.filter((image) => failuresOf(image).length > 0);
    const failures = refused.flatMap(failuresOf);
    context.emit({ type: 'failures', failures });
    return { images, refused, failures };
  },
});

async function through(gate: Gate, image: ProvenImage, context: Context): Promise<GateResult> {
  try {
    return await gate(image, context);
  } catch (error) {
    return { gate: 'failed', failures: [scanFailure(image, caught(error, context))] };
  }
}

function failuresOf({ checks }: ValidatedImage): readonly Failure[] {
  return checks.flatMap(({ failures }) => failures);
}
