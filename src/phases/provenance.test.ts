import { describe, expect, it } from 'vitest';
import { evidenceOf, provenanceItem, requiring } from '../../test/support/policies.ts';
import { testContext } from '../../test/support/promotion/context.ts';
import { numbered } from '../../test/support/promotion/promoted.ts';
import type { EvidenceReader } from '../attest/evidence/reader.ts';
import { PromotionError } from '../errors.ts';
import { NO_POLICIES, type ProjectPolicies } from '../policy/policies.ts';
import type { EvidenceItem } from '../policy/provenance.ts';
import type { PlannedImage } from './images.ts';
import type { Plan } from './plan.ts';
import { provenance, type Provenance } from './provenance.ts';

const at = { file: 'images.yaml', line: 3, column: 5 };
const REQUIRED = { ...NO_POLICIES, provenance: [requiring()] };
const WARNED = { ...NO_POLICIES, provenance: [requiring({ mode: 'warn' })] };

const image = (index: number, policies: ProjectPolicies = NO_POLICIES, source = 'a.test/app'): PlannedImage => ({
  wanted: { name: 'app', source, digest: numbered(index), tags: ['v1'], at, tagPositions: [], policies },
  targets: [{ repository: 'b.test/app', action: 'copy', tags: ['v1', 'v2'], isNew: false }],
});

const planOf = (...images: PlannedImage[]): Plan => ({
  images,
  failures: [],
  present: 0,
  repositories: [],
});

type Read = EvidenceReader['read'];

async function proving(
  read: Read,
  ...images: PlannedImage[]
): Promise<Provenance & { readonly log: readonly string[] }> {
  const evidence: EvidenceReader = { read, expect: () => undefined, statements: () => Promise.resolve([]) };
  const { context, log } = testContext();
  const done = await provenance({ evidence, isExpected: () => false }).run({ plan: planOf(...images) }, context);
  return { ...done, log };
}

const finding =
  (...items: readonly EvidenceItem[]): Read =>
  () =>
    Promise.resolve(evidenceOf(items));
const digests = (images: readonly PlannedImage[]): readonly string[] => images.map(({ wanted }) => wanted.digest);

describe('src/phases/provenance.ts', () => {
  it('accepts images that satisfy their policies, in the order of the plan', async () => {
    const images = [3, 1, 2].map((index) => image(index, REQUIRED));
    const done = await proving(finding(provenanceItem()), ...images);
    expect(digests(done.images)).toEqual([3, 1, 2].map(numbered));
    expect(done.images[0]).toMatchObject({ judgement: { result: 'passed', level: 3 }, found: { signature: 'none' } });
    expect(done.refused).toEqual([]);
    expect(done.failures).toEqual([]);
  });

  it('holds back an image that its policy rejects, as one failure with all references', async () => {
    const done = await proving(finding(), image(1, REQUIRED), image(2));
    expect([digests(done.refused), digests(done.images)]).toEqual([[numbered(1)], [numbered(2)]]);
    expect(done.failures[0]).toEqual({
      phase: 'provenance',
      code: 'PROVENANCE',
      message: expect.stringContaining('no build provenance is attached'),
      hint: expect.stringContaining('build it as the policy asks'),
      at,
      image: 'app',
      digest: numbered(1),
      source: `a.test/app@${numbered(1)}`,
      refs: ['b.test/app:v1', 'b.test/app:v2'],
    });
  });

  it('logs a warning and promotes if the policy only warns', async () => {
    const done = await proving(finding(), image(1, WARNED));
    expect(digests(done.images)).toEqual([numbered(1)]);
    expect(done.failures).toEqual([]);
    expect(done.log).toContainEqual(expect.stringMatching(/^warning .*no build provenance is attached/));
  });

  it('holds back an image with a tampered attachment, even without a policy', async () => {
    const bad = provenanceItem({ status: 'failed', reason: 'its payload was changed' });
    const done = await proving(finding(bad), image(1), image(2, WARNED));
    expect(done.images).toEqual([]);
    expect(done.failures.map(({ code }) => code)).toEqual(['TAMPERED', 'TAMPERED']);
  });

  it('reads platforms only if a policy asks', async () => {
    const depths: string[] = [];
    const read: Read = (_, depth) => {
      depths.push(depth);
      return Promise.resolve(evidenceOf([provenanceItem()]));
    };
    await proving(read, image(1), image(2, WARNED));
    expect(new Set(depths)).toEqual(new Set(['itself', 'platforms']));
  });

  it('reads tags that lists omit before a policy rejects an image', async () => {
    const asked: (string | undefined)[] = [];
    const read: Read = (_subject, _depth, _signal, tags) => {
      asked.push(tags);
      return Promise.resolve(evidenceOf([]));
    };
    await proving(read, image(1), image(2, WARNED));
    expect(asked).toEqual(['listed', 'listed', 'unlisted']);
  });

  it('reads nothing of images without a policy in mode when-asked', async () => {
    const read: Read = (_, depth) =>
      depth === 'platforms' ? Promise.resolve(evidenceOf([])) : expect.unreachable('no policy asks for it');
    const evidence: EvidenceReader = { read, expect: () => undefined, statements: () => Promise.resolve([]) };
    const services = { evidence, isExpected: () => false, looks: 'when-asked' } as const;
    const done = await provenance(services).run({ plan: planOf(image(1), image(2, WARNED)) }, testContext().context);
    expect(done.images.map(({ found }) => found?.signature)).toEqual([undefined, 'none']);
  });

  it('trusts signers that a policy names, and marks others untrusted', async () => {
    const done = await proving(finding(provenanceItem()), image(1, REQUIRED), image(2));
    expect(done.images.map(({ found }) => found?.attestations)).toEqual(['verified', 'untrusted']);
  });

  it('fails an unreadable image, and all images of a registry that is down, and continues', async () => {
    const read: Read = ({ repository, digest }) => {
      if (repository === 'down.test/app') return Promise.reject(new PromotionError('NETWORK', 'no way'));
      if (digest === numbered(1)) return Promise.reject(new PromotionError('REGISTRY_ERROR', '500', { hint: 'again' }));
      return Promise.resolve(evidenceOf([]));
    };
    const down = [3, 4].map((index) => image(index, NO_POLICIES, 'down.test/app'));
    const done = await proving(read, image(1), image(2), ...down);
    expect(digests(done.images)).toEqual([numbered(2)]);
    expect(done.failures.map(({ code, digest }) => [code, digest])).toEqual([
      ['REGISTRY_ERROR', numbered(1)],
      ['NETWORK', numbered(3)],
      ['NETWORK', numbered(4)],
    ]);
    expect(done.failures[0]).toMatchObject({
      message: `Discovering attestations of a.test/app@${numbered(1)} failed: 500`,
      hint: 'again',
    });
  });

  it('fails only the image with a defect', async () => {
    const done = await proving(() => Promise.reject(new TypeError('a bug')), image(1));
    expect(digests(done.images)).toEqual([]);
    expect(done.failures.at(-1)).toMatchObject({ code: 'INTERNAL', digest: numbered(1) });
  });
});
