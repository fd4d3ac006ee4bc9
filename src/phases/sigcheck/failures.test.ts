import { describe, expect, it } from 'vitest';
import { candidate, numbered } from '../../../test/support/promotion/promoted.ts';
import type { CheckedImage, FoundGroup } from './checked-images.ts';
import { wrongFailures } from './failures.ts';

const found = (status: FoundGroup['status'], ...repositories: readonly string[]): FoundGroup => ({
  what: 'signature',
  status,
  words: status,
  subjects: [numbered(1)],
  repositories,
});

/** The hints for an image whose primary is `a.test/app`. */
function hintsOf(...findings: readonly FoundGroup[]): readonly (string | undefined)[] {
  const { wanted } = candidate(1);
  const check = {
    name: 'app',
    repository: 'a.test/app',
    mirrors: ['b.test/app'],
    reference: 'prod.test/app',
    tags: ['v1'],
    digest: numbered(1),
    wanted,
    wants: { signature: true, record: true },
  } as const;
  const image: CheckedImage = { check, subjects: [numbered(1)], findings };
  return wrongFailures([image]).map(({ hint }) => hint);
}

describe('src/phases/sigcheck/failures.ts', () => {
  it.each(['unsigned', 'unverifiable', 'untrusted'] as const)(
    'points to replication when only a mirror is %s and the primary is good',
    (status) => {
      expect(hintsOf(found('verified', 'a.test/app'), found(status, 'b.test/app'))).toEqual([
        expect.stringContaining('kpromo replicate --confirm'),
      ]);
    },
  );

  it('points to the key or root of the signer when the primary is unverifiable, too', () => {
    expect(hintsOf(found('unverifiable', 'a.test/app', 'b.test/app'))).toEqual([
      expect.stringContaining('give the --key or the --trusted-root'),
    ]);
  });

  it('hints at the writer of a tampered signature on a mirror, whatever the primary has', () => {
    expect(hintsOf(found('verified', 'a.test/app'), found('failed', 'b.test/app'))).toEqual([
      expect.stringContaining('find out who wrote it'),
    ]);
  });
});
