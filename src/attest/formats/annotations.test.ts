import { describe, expect, it } from 'vitest';
import type { Referrer } from '../../registry/roles.ts';
import { listedBy, PREDICATE_TYPE, SIGNED_BY, signedBy } from './annotations.ts';
import type { Identity } from '../roles.ts';

const US: Identity = { kind: 'keyless', issuer: 'https://issuer.test', subject: 'us@issuer.test' };

const listed = (annotations?: Readonly<Record<string, string>>): Referrer => ({
  mediaType: 'm',
  digest: `sha256:${'0'.repeat(64)}`,
  size: 1,
  ...(annotations !== undefined && { annotations }),
});

describe('src/attest/formats/annotations.ts', () => {
  it('formats a keyless identity by issuer and subject, and a key by its hint', () => {
    expect([signedBy(US), signedBy({ kind: 'key', hint: 'abc' })]).toEqual([
      'https://issuer.test::us@issuer.test',
      'key::abc',
    ]);
  });

  it('finds the entries of ours in a list, and no others', () => {
    const ours = { [SIGNED_BY]: signedBy(US) };
    const referrers = [
      listed({ ...ours, [PREDICATE_TYPE]: 'record' }),
      listed({ [SIGNED_BY]: 'https://issuer.test::them', [PREDICATE_TYPE]: 'theirs' }),
      listed({ [PREDICATE_TYPE]: 'unnamed' }),
      listed(ours),
      listed(),
    ];
    expect(listedBy(US, referrers)).toEqual(new Set(['record']));
  });
});
