import { describe, expect, it } from 'vitest';
import { ISSUER, requiring, signerRule } from '../../../test/support/policies.ts';
import { knownReporters } from './known-signer.ts';

const named = (...names: readonly string[]): ReturnType<typeof signerRule>[] => names.map(signerRule);

/** Who of these is known, where the policies of now and before name so many; `flag` is known to the user. */
function known(
  now: readonly string[],
  before: readonly (readonly string[])[] | undefined,
  base: readonly string[] = [],
): string[] {
  const provenance = [
    requiring({ signers: named(...now) }),
    { ...requiring({ signers: named(...base) }), isBase: true as const },
  ];
  const signersBefore = before?.map((names) => named(...names));
  const policies = { provenance, artifactTypes: [], vulnerabilities: [], ...(signersBefore && { signersBefore }) };
  const isKnown = knownReporters(policies, (signer) => signer.kind === 'keyless' && signer.subject === 'flag');
  return ['old', 'new', 'other', 'flag'].filter((subject) => isKnown({ kind: 'keyless', issuer: ISSUER, subject }));
}

describe('src/phases/provenance/known-signer.ts', () => {
  it('knows the signers of policies, without a base', () => {
    expect(known(['old', 'new'], undefined)).toEqual(['old', 'new', 'flag']);
  });

  it('does not know reporters that a change adds', () => {
    expect(known(['old', 'new'], [['old']], ['old'])).toEqual(['old', 'flag']);
    expect(known(['new'], [[]])).toEqual(['flag']);
  });

  it('does not know reporters that a change removes', () => {
    expect(known(['new'], [['old', 'new']], ['old', 'new'])).toEqual(['new', 'flag']);
  });

  it('knows only reporters that each policy of the base names', () => {
    expect(known(['old', 'new'], [['old', 'new'], ['new']])).toEqual(['new', 'flag']);
  });

  it('knows no key', () => {
    const policies = { provenance: [requiring()], artifactTypes: [], vulnerabilities: [] };
    expect(knownReporters(policies, () => false)({ kind: 'key', hint: 'x' })).toBe(false);
  });
});
