import { describe, expect, it } from 'vitest';
import {
  BUILDER,
  bound,
  GENERATOR,
  ISOLATED,
  RELEASE,
  SELF,
  simple,
  SPDX,
  STRANGER,
  written,
  type Written,
} from './support/upstream-policies.ts';

// What upstream's tests say of how provenance policies are written (promo-tools, promoter/image/provenance/policy_test.go), in our
// words and with our fixtures; each `describe` names the test that it stands for.

const any = (differing: Written): Written => simple({ mode: 'warn', ...differing });
const PATTERN = String.raw`sigstore(identityMatch=regex)::https://accounts.google.com::.*@acme\.example`;

describe('TestPolicyValidate', () => {
  it.each<[string, Written]>([
    ['an empty policy', {}],
    ['a policy that is off, without anything', { mode: 'off' }],
    ['one that warns', simple({ mode: 'warn' })],
    ['one that requires', simple()],
    ['an expression as signer, and all keys', simple({ signers: [PATTERN], predicateTypes: [SPDX], level: 2 })],
  ])('reads %s', (_, policy) => {
    expect(written(policy)).toMatchObject({ wrong: '', policy: { mode: policy['mode'] ?? 'off' } });
  });

  it.each<[string, Written, string]>([
    ['an unknown mode', { mode: 'enforce' }, '"mode" is "enforce"'],
    ['a signer that is none', any({ signers: ['not-a-spec'] }), '"not-a-spec", which is not a signer'],
    ['no identity', any({ signers: ['sigstore(issuerMatch=exact)::https://a.example::'] }), 'no identity'],
    ['a key', any({ signers: ['key::ecdsa::abc'] }), 'not a signer'],
    ['nothing to require', { mode: 'require' }, 'no signers'],
    ['no builders', simple({ builders: [] }), 'no builders'],
    ['no sources', simple({ sources: [] }), 'no sources'],
    ['a source with a ref', simple({ sources: ['github.com/acme/app@refs/heads/main'] }), 'contains a ref'],
    ['a blank builder', simple({ builders: [{ id: ' ', level: 3 }] }), 'is blank'],
    ['a blank predicate type', simple({ predicateTypes: [''] }), 'is blank'],
    ['the level 4', simple({ level: 4 }), 'not 0, 2 or 3'],
    ['the level 1, which would not ask for builders', simple({ level: 1 }), 'not 0, 2 or 3'],
    [
      'a level above the lowest builder',
      simple({
        builders: [
          { id: BUILDER, level: 3 },
          { id: SELF, level: 1 },
        ],
        level: 2,
      }),
      'level 2: with these builders 1 is the highest',
    ],
    ['a builder without level', simple({ builders: [{ id: BUILDER }] }), 'no "level"'],
    ['a builder of level 4', simple({ builders: [{ id: BUILDER, level: 4 }] }), 'not 1, 2 or 3'],
  ])('refuses %s', (_, policy, words) => {
    expect(written(policy)).toEqual({ wrong: expect.stringContaining(words) });
  });
});

describe('TestPolicyValidateBuilderSigners', () => {
  const generator = { id: GENERATOR, level: 3, signers: [ISOLATED] };
  const own = { id: GENERATOR, level: 1 };
  it.each<[string, readonly Written[], string]>([
    [
      'a signer of a builder that the policy does not name',
      [{ ...generator, signers: [STRANGER] }],
      'not a signer of the policy',
    ],
    ['an empty signer', [{ ...generator, signers: [''] }], 'not a signer'],
    ['a builder twice', [own, own], 'is listed twice'],
    ['a builder with and without signers', [own, generator], 'is listed twice'],
    ['one at any ref and one with signers', [own, { ...generator, id: `${GENERATOR}@${RELEASE}` }], 'overlap'],
    ['one at a ref and one with signers', [{ ...own, id: `${GENERATOR}@refs/heads/main` }, generator], 'overlap'],
    ['overlapping builders without signers', [own, { ...own, id: `${GENERATOR}@refs/heads/main` }], ''],
    ['builders that only begin alike', [own, { ...generator, id: `${GENERATOR}2` }], ''],
  ])('judges %s', (_, builders, words) => {
    const { wrong } = written(bound({ builders }));
    if (words === '') expect(wrong).toBe('');
    else expect(wrong).toContain(words);
  });
});

describe('TestPolicyValidateLevels', () => {
  it.each<[string, readonly Written[], string]>([
    [
      'levels that the builders reach',
      [
        { images: ['app', 'charts/*'], level: 3 },
        { images: ['*-bundle'], level: 2 },
      ],
      '',
    ],
    ['the level 1, which asks nothing', [{ images: ['*-bundle'], level: 1 }], 'not 2 or 3'],
    ['a slash at the beginning', [{ images: ['/app'], level: 3 }], 'matches no image'],
    ['a slash at the end', [{ images: ['charts/'], level: 3 }], 'matches no image'],
    ['no image', [{ level: 3 }], 'no "images"'],
    ['a blank image', [{ images: [' '], level: 3 }], 'is blank'],
    ['an invalid pattern', [{ images: ['app['], level: 3 }], 'not a pattern'],
    ['no level', [{ images: ['app'] }], 'no "level"'],
    ['the level 4', [{ images: ['app'], level: 4 }], 'not 2 or 3'],
  ])('judges %s', (_, levels, words) => {
    const { wrong } = written(bound({ levels }));
    if (words === '') expect(wrong).toBe('');
    else expect(wrong).toContain(words);
  });

  it('refuses a level that no signer can claim', () => {
    const builders = [{ id: BUILDER, level: 1 }];
    const { wrong } = written(simple({ builders, levels: [{ images: ['app'], level: 2 }] }));
    expect(wrong).toContain('level 2: with these builders 1 is the highest');
  });
});
