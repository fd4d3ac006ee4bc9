import { describe, expect, it } from 'vitest';
import { loadedTree, type ProjectSpec } from '../../test/support/promotion/tree.ts';
import { conflictFinder } from './conflicts.ts';
import type { ImageSet } from './desired/desired.ts';
import { findDisputes } from './disputes.ts';
import { wantedBy } from './desired/wanted.ts';

const [A, B, C] = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string, string];

const sets = (...entries: ProjectSpec['entries'][]): ImageSet[] =>
  wantedBy(
    loadedTree(
      entries.map((own, index) => ({
        name: `p${index}`,
        from: 'a.test',
        to: ['b.test/prod', 'c.test/prod'],
        entries: own,
      })),
    ).projects,
  );
const tagsOf = (...wanting: ImageSet[]): string[] => [...conflictFinder()(wanting).keys()];

describe('src/plan/conflicts.ts', () => {
  it('finds a tag of two digests, in one project or in two', () => {
    expect(
      tagsOf(
        ...sets([
          ['app', A, 'v1', 'v2'],
          ['app', B, 'v2', 'v3'],
        ]),
      ),
    ).toEqual(['v2']);
    expect(tagsOf(...sets([['app', A, 'v1']], [['app', B, 'v1']]))).toEqual(['v1']);
  });

  it('finds nothing if the same digest has the tag twice, or no digest has it', () => {
    expect(
      tagsOf(
        ...sets(
          [['app', A, 'v1']],
          [
            ['app', A, 'v1'],
            ['app', B],
          ],
        ),
      ),
    ).toEqual([]);
    expect(tagsOf()).toEqual([]);
  });

  it('returns every image of a dispute once, in the order of the manifests', () => {
    const wanting = sets([['app', C, 'v1']], [['app', A, 'v1']], [['app', C, 'v1']], [['app', B, 'v1']]);
    const conflict = conflictFinder()(wanting).get('v1');
    expect(conflict?.images.map(({ digest }) => digest)).toEqual([C, A, B]);
  });

  it('returns separate results for each group of sets', () => {
    const [one, two] = sets([['app', A, 'v1']], [['app', B, 'v1']]);
    if (one === undefined || two === undefined) throw new Error('there are two sets');
    const conflictsOf = conflictFinder();
    expect([[one], [one, two], [two, one], [one]].map((group) => conflictsOf(group).size)).toEqual([0, 1, 1, 0]);
    expect(conflictsOf([one, two])).toBe(conflictsOf([one, two]));
  });
});

describe('src/plan/disputes.ts', () => {
  it('reports a dispute once for all mirrors, with both files and lines', () => {
    const { failures: disputes } = findDisputes(
      sets(
        [['app', A, 'v1']],
        [
          ['other', B, 'v1'],
          ['app', B, 'v1'],
        ],
      ),
    );
    expect(disputes).toEqual([
      {
        phase: 'setup',
        code: 'TAG_CONFLICT',
        message: `overlapping edges detected: tag v1 of app is wanted for ${A} (images/p0/images.yaml:3) and ${B} (images/p1/images.yaml:6)`,
        hint: 'keep the tag on one of these digests; until then neither gets it',
        at: { file: 'images/p0/images.yaml', line: 3, column: expect.any(Number) },
        image: 'app',
        refs: ['b.test/prod/app:v1', 'c.test/prod/app:v1'],
      },
    ]);
  });
});
