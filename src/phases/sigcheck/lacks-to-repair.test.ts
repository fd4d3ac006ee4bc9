import { describe, expect, it } from 'vitest';
import { checkedImage, finding } from '../../../test/support/promotion/checked.ts';
import { numbered } from '../../../test/support/promotion/promoted.ts';
import { NOT_THERE } from '../../attest/checking/check-digest.ts';
import type { AttachedLack } from '../../mirroring/lack.ts';
import { groupsToRepair, lacksToRepair } from './lacks-to-repair.ts';

const lack = (subject: number, ...hosts: readonly string[]): AttachedLack => ({
  primary: 'a.test/app',
  digest: numbered(100 + subject),
  subject: numbered(subject),
  last: false,
  mirrors: hosts.map((host) => `${host}/app`),
});

describe('src/phases/sigcheck/lacks-to-repair.ts', () => {
  it('compares each primary repository once, with all its mirrors and digests', () => {
    const index = { ...checkedImage(2), subjects: [numbered(2), numbered(3)] };
    const alone = checkedImage(4);
    const images = [checkedImage(1), index, { ...alone, check: { ...alone.check, mirrors: [] } }];
    expect(groupsToRepair(images)).toEqual([
      {
        primary: 'a.test/app',
        mirrors: ['b.test/app', 'c.test/app'],
        images: [1, 2, 3].map((digest) => ({ digest: numbered(digest) })),
      },
    ]);
  });

  it('returns only the lacks of these images, on mirrors that hold them', () => {
    const absent = finding(1, { why: NOT_THERE, repositories: ['c.test/app'] });
    const lacks = [lack(1, 'b.test', 'c.test'), lack(2, 'b.test'), lack(9, 'b.test'), lack(1, 'c.test')];
    expect(lacksToRepair([checkedImage(1, absent), checkedImage(2)], lacks)).toEqual([
      lack(1, 'b.test'),
      lack(2, 'b.test'),
    ]);
  });
});
