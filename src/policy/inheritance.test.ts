import { describe, expect, it } from 'vitest';
import { builderRule, requiring, signerRule } from '../../test/support/policies.ts';
import type { ProvenancePolicy } from './provenance.ts';
import { distinct, governing, isWithin, policyKey } from './inheritance.ts';

describe('src/policy/inheritance.ts', () => {
  it('returns the policies at and above a repository, the nearest first', () => {
    const of = governing([
      { source: 'a.test', policy: 'host' },
      { source: 'a.test/one', policy: 'one' },
      { source: 'a.test/one/app', policy: 'app' },
      { source: 'a.test/one', policy: 'one again' },
      { source: 'a.test/on', policy: 'no parent' },
      { source: 'a.test/one/app/below', policy: 'below' },
    ]);
    expect(of('a.test/one/app')).toEqual(['app', 'one', 'one again', 'host']);
    expect(of('a.test/ones')).toEqual(['host']);
    expect(of('b.test/one/app')).toEqual([]);
  });

  it('compares parts of names whole', () => {
    expect(isWithin('a.test/one/app', 'a.test/one')).toBe(true);
    expect(isWithin('a.test/one', 'a.test/one')).toBe(true);
    expect(isWithin('a.test/one-more', 'a.test/one')).toBe(false);
    expect(isWithin('a.test', 'a.test/one')).toBe(false);
  });

  it('takes two policies that ask the same for one, whatever their order and place', () => {
    const [a, b] = [signerRule('a'), signerRule('b')];
    const one = requiring({
      signers: [a, b],
      builders: [builderRule('x', 1), builderRule('y', 2)],
      sources: ['s', 't'],
    });
    const same = {
      ...one,
      signers: [b, a],
      builders: one.builders.toReversed(),
      sources: ['t', 's'],
      at: { ...one.at, line: 99 },
    };
    expect(distinct([one, same])).toEqual([one]);
  });

  it.each([
    ['mode', { mode: 'warn' }],
    ['signers', { signers: [signerRule('b')] }],
    ['builders', { builders: [builderRule('x', 1)] }],
    ['sources', { sources: ['s'] }],
    ['predicateTypes', { predicateTypes: ['p'] }],
    ['level', { level: 2 }],
    ['imageLevel', { imageLevel: 2 }],
  ] as const)('tells policies apart by their %s', (_, differing) => {
    expect(policyKey(requiring(differing))).not.toBe(policyKey(requiring()));
    expect(distinct([requiring(), requiring(differing)])).toHaveLength(2);
  });

  it('distinguishes builders by level and signers', () => {
    const keyOf = (builder: ReturnType<typeof builderRule>): string => policyKey(requiring({ builders: [builder] }));
    const keys = [builderRule('x', 1), builderRule('x', 2), builderRule('x', 1, 'ci'), builderRule('x', 1, 'b')].map(
      keyOf,
    );
    expect(new Set(keys).size).toBe(4);
  });

  it('distinguishes builders by their callers, in any order', () => {
    const named = (text: string): { text: string; matches: () => boolean } => ({ text, matches: () => true });
    const keyOf = (workflows: readonly string[], ...refs: readonly string[]): string => {
      const caller = { workflows, refs: refs.map(named) };
      return policyKey(requiring({ builders: [{ ...builderRule('x', 1), caller }] }));
    };
    expect(keyOf(['a', 'b'], 'r', 's')).toBe(keyOf(['b', 'a'], 's', 'r'));
    const keys = [
      keyOf([], 'r'),
      keyOf(['a'], 'r'),
      keyOf([], 's'),
      policyKey(requiring({ builders: [builderRule('x', 1)] })),
    ];
    expect(new Set(keys).size).toBe(4);
  });

  it('treats equal levels as equal, in any grouping', () => {
    const of = (...levels: readonly (readonly [2 | 3, ...string[]])[]): ProvenancePolicy =>
      requiring({
        levels: levels.map(([level, ...images]) => ({
          level,
          images: images.map((text) => ({ text, matches: (name: string) => name === text })),
        })),
      });
    const one = policyKey(of([3, 'a', 'b'], [2, 'c']));
    expect(policyKey(of([2, 'c', 'a'], [3, 'a'], [3, 'b']))).toBe(one);
    expect(policyKey(of([3, 'a', 'b', 'c']))).not.toBe(one);
    expect(policyKey(requiring())).not.toBe(one);
  });

  it('takes every policy that is off for none', () => {
    expect(policyKey(requiring({ mode: 'off' }))).toBe(policyKey(undefined));
    expect(distinct([requiring({ mode: 'off' })])).toEqual([]);
  });
});
