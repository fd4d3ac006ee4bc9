import { describe, expect, it } from 'vitest';
import { evidenceOf, provenanceItem, requiring } from '../../../test/support/policies.ts';
import { testContext } from '../../../test/support/promotion/context.ts';
import { candidate } from '../../../test/support/promotion/promoted.ts';
import { PromotionError } from '../../errors.ts';
import { judge } from '../../policy/judge.ts';
import { NO_POLICIES } from '../../policy/policies.ts';
import { proofsOf, type Proofs, type Prove } from './attest-proofs.ts';
import type { PlannedSignature } from '../images.ts';

const policies = { ...NO_POLICIES, provenance: [requiring()] };
const asked = (index: number, given: Partial<PlannedSignature> = {}): PlannedSignature => {
  const { wanted, ...rest } = candidate(index, { lacks: { signature: true, record: true, summary: true }, ...given });
  return { ...rest, wanted: { ...wanted, policies } };
};
const platform = evidenceOf([provenanceItem()]);
const PLATFORM = platform.digest;
const evidence = evidenceOf([], [platform]);
const PROVEN = { evidence, judgement: judge(policies.provenance, evidence) };
const REPOSITORY = 'b.test/app';
/** The last digit of the digest of each image that holds the platform. */
const holding = async ({ holders }: Proofs): Promise<readonly string[]> =>
  (await holders(REPOSITORY))(PLATFORM)
    .map(({ digest }) => digest.slice(-1))
    .toSorted();

type World = { readonly proofs: Proofs; readonly looked: readonly string[] };

function world(images: readonly PlannedSignature[], due: readonly PlannedSignature[] = [], broken = 0): World {
  const looked: string[] = [];
  const prove: Prove = ({ wanted: { digest } }) => {
    looked.push(digest.slice(-1));
    if (digest.endsWith(String(broken)) && broken > 0) throw new PromotionError('DENIED', 'reading: 403');
    return Promise.resolve(PROVEN);
  };
  const proven = new Map(due.map((one) => [one.wanted, PROVEN]));
  return { proofs: proofsOf(async (...given) => prove(...given), images, proven, testContext().context), looked };
}

describe('src/phases/signing/attest-proofs.ts', () => {
  it('reads each image once, and not those that were due', async () => {
    const [one, two, due] = [asked(1), asked(2), asked(3)];
    const { proofs, looked } = world([one, two, due], [due]);
    const [all] = await Promise.all([holding(proofs), holding(proofs), proofs.of(one), proofs.of(two)]);
    expect([all, looked.toSorted()]).toEqual([
      ['1', '2', '3'],
      ['1', '2'],
    ]);
    expect(await proofs.of(due)).toMatchObject([{ ...PROVEN, digest: due.wanted.digest }]);
    expect((await proofs.holders(REPOSITORY))(evidence.digest)).toEqual([]);
  });

  it('leaves out images of other repositories, and those that are not summarized', async () => {
    const elsewhere = { ...asked(2), repository: 'b.test/other' };
    const complete = asked(3, { lacks: { signature: true, record: true, summary: false } });
    const { proofs, looked } = world([asked(1), elsewhere, complete]);
    expect([await holding(proofs), looked]).toEqual([['1'], ['1']]);
  });

  it('omits an image that cannot be read', async () => {
    const [one, broken] = [asked(1), asked(2)];
    const { proofs, looked } = world([one, broken], [], 2);
    expect(await holding(proofs)).toEqual(['1']);
    await expect(proofs.of(broken)).rejects.toMatchObject({ code: 'DENIED' });
    expect(looked).toEqual(['1', '2']);
  });

  it('reads nothing if no evidence is needed or no policy asks', async () => {
    const complete = asked(1, { lacks: { signature: true, record: false, summary: false } });
    const silent = candidate(2, { lacks: { signature: true, record: true, summary: true } });
    const { proofs, looked } = world([complete, silent]);
    expect(await proofs.of(complete)).toEqual([]);
    expect(await proofs.of(silent)).toMatchObject([{ judgement: { mode: 'off', level: 'unevaluated' } }]);
    expect(looked).toEqual([]);
  });

  it('reads an image in each repository that it is promoted from', async () => {
    const { wanted, ...rest } = asked(1);
    const other = { ...wanted, source: 'a.test/other' };
    const image = { ...rest, wanted, also: [other] };
    const { proofs, looked } = world([image]);
    expect((await proofs.of(image)).map((one) => one.wanted.source)).toEqual(['a.test/app', 'a.test/other']);
    expect(looked).toEqual(['1', '1']);
  });
});
