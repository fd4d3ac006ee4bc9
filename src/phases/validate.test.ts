import { describe, expect, it } from 'vitest';
import { testContext } from '../../test/support/promotion/context.ts';
import { candidate, letThrough, numbered } from '../../test/support/promotion/promoted.ts';
import type { Failure } from '../errors.ts';
import { validate, type Gate, type Validation } from './validate.ts';

const failure = (message: string): Failure => ({ phase: 'validate', code: 'VULNERABLE', message });

/** Holds back the images of these numbers. */
const gate =
  (name: string, ...bad: readonly number[]): Gate =>
  ({ wanted }) =>
    Promise.resolve({
      gate: name,
      failures: bad.some((index) => wanted.digest === numbered(index))
        ? [failure(`${name} ${wanted.digest.at(-1)}`)]
        : [],
    });

async function validating(
  gates: readonly Gate[],
  threads = 20,
): Promise<Validation & { readonly log: readonly string[] }> {
  const images = [1, 2, 3].map((index) => ({ wanted: candidate(index).wanted, targets: [] }));
  const plan = { images, failures: [], present: 0, repositories: [] } as const;
  const { context, log } = testContext();
  return { ...(await validate({ gates, threads }).run(letThrough(plan), context)), log };
}

const digests = ({ images }: Pick<Validation, 'images'>): readonly string[] =>
  images.map(({ wanted }) => wanted.digest);

describe('src/phases/validate.ts', () => {
  it('lets all images through without a gate', async () => {
    const done = await validating([]);
    expect(digests(done)).toEqual([1, 2, 3].map(numbered));
    expect(done.failures.map(({ message }) => message)).toEqual([]);
  });

  it('sends each image through all gates, and reports all its problems', async () => {
    const done = await validating([gate('one', 1, 2), gate('two', 2)]);
    expect(digests(done)).toEqual([numbered(3)]);
    expect(digests({ images: done.refused })).toEqual([1, 2].map(numbered));
    expect(done.failures.map(({ message }) => message)).toEqual(['one 1', 'one 2', 'two 2']);
    expect(done.images[0]?.checks.map(({ gate: name }) => name)).toEqual(['one', 'two']);
    expect(done.log).toEqual(['error one 1', 'error one 2', 'error two 2']);
  });

  it('checks no more images at once than its limit', async () => {
    let [now, most] = [0, 0];
    const counting: Gate = async () => {
      now += 1;
      most = Math.max(most, now);
      await Promise.resolve();
      now -= 1;
      return { gate: 'counting', failures: [] };
    };
    await validating([counting], 2);
    expect(most).toBe(2);
  });

  it('holds back only the image on which a gate throws', async () => {
    const broken: Gate = (image, context) =>
      image.wanted.digest === numbered(1) ? Promise.reject(new TypeError('a bug')) : gate('good')(image, context);
    const done = await validating([broken]);
    expect(digests(done)).toEqual([2, 3].map(numbered));
    expect(done.failures.at(-1)).toMatchObject({ phase: 'validate', code: 'INTERNAL', digest: numbered(1) });
  });
});
