import type { CheckedImage, FoundGroup } from '../../../src/phases/sigcheck/checked-images.ts';
import { numbered } from './promoted.ts';

/** A finding of the image of that number, on its primary unless given. */
export function finding(index: number, given: Partial<FoundGroup> = {}): FoundGroup {
  const { what = 'signature', status = 'unsigned' } = given;
  const base = { what, status, words: what === 'record' && status === 'unsigned' ? 'unrecorded' : status };
  return { ...base, subjects: [numbered(index)], repositories: ['a.test/app'], ...given };
}

/** The image of that number, checked on a.test, b.test and c.test. */
export function checkedImage(index: number, ...findings: readonly FoundGroup[]): CheckedImage {
  const digest = numbered(index);
  return {
    check: {
      name: 'app',
      repository: 'a.test/app',
      mirrors: ['b.test/app', 'c.test/app'],
      reference: 'prod.test/app',
      digest,
      tags: [`v${index}`],
      wants: { signature: true, record: true },
    },
    subjects: [digest],
    findings,
  };
}
