import { PromotionError } from '../../../src/errors.ts';
import type { Digest } from '../../../src/image/digest.ts';
import type { Plan } from '../../../src/phases/plan.ts';
import type { PlannedSignature, PromotedImage, TargetResult } from '../../../src/phases/images.ts';
import type { ProvenImage } from '../../../src/phases/provenance/proven-images.ts';
import type { Outputs } from '../../../src/report/outputs.ts';

const at = { file: 'images.yaml', line: 3, column: 5 };

/** The digest of a small number. */
export function numbered(index: number): Digest {
  return `sha256:${String(index).padStart(64, '0')}`;
}

/** A candidate of a.test/app that is signed on b.test as prod.test/app; it lacks everything unless told. */
export function candidate(index: number, given: Partial<PlannedSignature> = {}): PlannedSignature {
  const tags = given.tags ?? ['v1'];
  return {
    wanted: { name: 'app', source: 'a.test/app', digest: numbered(index), tags, at, tagPositions: [] },
    tags,
    repository: 'b.test/app',
    reference: 'prod.test/app',
    why: 'due',
    hasSignatureTag: false,
    lacks: { signature: true, record: true },
    ...given,
  };
}

/** What became of an image on some mirrors. */
export function promotedTo(
  index: number,
  ...targets: readonly (Pick<TargetResult, 'repository' | 'action'> & { readonly fails?: true })[]
): PromotedImage {
  const results = targets.map(({ fails, ...target }) => ({
    ...target,
    tags: ['v1'],
    isNew: false,
    attempts: 1,
    requests: 1,
    bytes: 1,
    ms: 1,
    ...(fails === true && { error: new PromotionError('DENIED', 'writing: 403') }),
  }));
  return { wanted: candidate(index).wanted, results, sourceReads: 1 };
}

type LetThrough = Required<Pick<Outputs, 'plan' | 'provenance' | 'validation'>>;
type Promoted = LetThrough & Required<Pick<Outputs, 'promotion'>>;

/** The outputs of a promotion with these candidates and images, and one failure of the plan. */
export function promotionOf(candidates: readonly PlannedSignature[], images: readonly PromotedImage[] = []): Promoted {
  const signing = { images: candidates, complete: 0, older: 0, undated: 0 };
  const failures = [{ phase: 'plan', code: 'LOST', message: 'from before' }] as const;
  const plan = { images: [], failures, present: 0, repositories: [], signing } as const;
  return { ...letThrough(plan), promotion: { images, failures: [] } };
}

/** The outputs of phases that let all through that was planned, with nothing attached to it and nothing asked of it. */
export function letThrough(plan: Plan): LetThrough {
  const images = plan.images.map((image): ProvenImage => ({
    ...image,
    evidence: {
      repository: image.wanted.source,
      digest: image.wanted.digest,
      isIndex: false,
      items: [],
      platforms: [],
    },
    judgement: { mode: 'off', result: 'off', level: 'unevaluated', accepted: [], violations: [] },
    found: { signature: 'none', attestations: 'none' },
  }));
  const rest = { refused: [], failures: [] };
  const validated = images.map((image) => ({ ...image, checks: [] }));
  return { plan, provenance: { images, ...rest }, validation: { images: validated, ...rest } };
}
