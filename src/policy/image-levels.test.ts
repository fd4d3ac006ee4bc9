import { describe, expect, it } from 'vitest';
import { imageLevel as level, requiring } from '../../test/support/policies.ts';
import { forImage, unmatchedPatterns } from './image-levels.ts';
import type { ImageLevel, ProvenancePolicy } from './provenance.ts';

const policy = (...levels: readonly ImageLevel[]): ProvenancePolicy => requiring({ levels });
const LEVELS = policy(level(3, 'spoc', 'charts/*'), level(2, 'operator*'), level(3, 'operator-amd64'));

// The cases of upstream's TestPolicyRequiredLevel and TestPolicyUnmatchedLevelPatterns, and others like them.
describe('src/policy/image-levels.ts', () => {
  it.each([
    ['spoc', 3],
    ['charts/operator', 3],
    ['charts/nested/chart', undefined],
    ['operator', 2],
    ['operator-amd64', 3],
    ['operator-arm64', 2],
    ['spoc-amd64', undefined],
    ['Spoc', undefined],
    ['', undefined],
  ])('holds the image %j to the level %s', (image, expected) => {
    expect(forImage(LEVELS)([image]).imageLevel).toBe(expected);
  });

  it('names no image at the source registry itself, not even by *', () => {
    const all = forImage(policy(level(3, '*')));
    expect([all(['']).imageLevel, all(['spoc']).imageLevel]).toEqual([undefined, 3]);
  });

  it('applies the strictest of several names, and shares equal policies', () => {
    const policyFor = forImage(LEVELS);
    expect(policyFor(['other', 'operator', 'spoc']).imageLevel).toBe(3);
    expect(policyFor(['operator'])).toBe(policyFor(['operator-arm64']));
    const plain = requiring();
    expect(forImage(plain)(['spoc'])).toBe(plain);
  });

  it('finds the patterns that match no image', () => {
    const levels = policy(level(3, 'spoc', 'charts/*'), level(2, 'registry.k8s.io/spoc', 'spoc'));
    expect(unmatchedPatterns(levels, ['spoc', 'charts/operator'])).toEqual(['registry.k8s.io/spoc']);
    expect(unmatchedPatterns(levels, [])).toEqual(['spoc', 'charts/*', 'registry.k8s.io/spoc']);
    expect(unmatchedPatterns(policy(level(3, '*')), [''])).toEqual(['*']);
  });
});
