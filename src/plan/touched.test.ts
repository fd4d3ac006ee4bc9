import { describe, expect, it } from 'vitest';
import { loadedTree, type ProjectSpec } from '../../test/support/promotion/tree.ts';
import { diffTrees } from '../manifest/diff/tree-diff.ts';
import { onAllMirrors, touchedBy } from './touched.ts';
import { wantedBy } from './desired/wanted.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string, string];

const touched = (base: readonly ProjectSpec[], head: readonly ProjectSpec[]): readonly string[] => {
  const [before, after] = [loadedTree(base).projects, loadedTree(head).projects];
  return touchedBy(wantedBy(after), diffTrees(before, after).changes).flatMap(({ project, destinations, images }) =>
    images.map(
      ({ name, digest, tags }) =>
        `${project} ${name}@${digest.slice(7, 8)} [${tags.join(' ')}] ${destinations.join(' ')}`,
    ),
  );
};
const spec = (entries: ProjectSpec['entries'], to = ['m.test', 'n.test'], name = 'p'): ProjectSpec => ({
  name,
  from: 's.test',
  to,
  entries,
});

describe('src/plan/touched.ts', () => {
  it('keeps only changed images, with all their tags', () => {
    const base = [
      spec([
        ['app', A, 'v1'],
        ['app', B, 'v2'],
      ]),
    ];
    expect(
      touched(base, [
        spec([
          ['app', A, 'v1', 'new'],
          ['app', B, 'v2'],
          ['lib', C, 'v3'],
        ]),
      ]),
    ).toEqual(['p app@a [new v1] m.test n.test', 'p lib@c [v3] m.test n.test']);
  });

  it('keeps all images for a new mirror, and only that mirror', () => {
    const base = [
      spec([
        ['app', A, 'v1'],
        ['app', B, 'v2'],
      ]),
    ];
    expect(
      touched(base, [
        spec(
          [
            ['app', A, 'v1'],
            ['app', B, 'v2'],
            ['app', C],
          ],
          ['m.test', 'new.test', 'n.test'],
        ),
      ]),
    ).toEqual(['p app@a [v1] new.test', 'p app@b [v2] new.test', 'p app@c [] m.test new.test n.test']);
  });

  it('keeps, of projects that share an image, the one with the change', () => {
    const base = [spec([['app', A, 'v1']]), spec([['app', A, 'v1']], ['o.test'], 'q')];
    expect(touched(base, [base[0] ?? expect.fail(), spec([['app', A, 'v1', 'v2']], ['o.test'], 'q')])).toEqual([
      'q app@a [v1 v2] o.test',
    ]);
  });

  it('keeps nothing of an unchanged tree', () => {
    expect(touched([spec([['app', A, 'v1']])], [spec([['app', A, 'v1']], ['n.test', 'm.test'], 'renamed')])).toEqual(
      [],
    );
  });

  it('keeps all changed mirrors of images that changed on some mirrors', () => {
    const [before, after] = [
      [spec([['app', A, 'v1']])],
      [
        spec(
          [
            ['app', A, 'v1'],
            ['lib', B, 'v1'],
          ],
          ['m.test', 'n.test', 'o.test'],
        ),
      ],
    ];
    const all = wantedBy(loadedTree(after).projects);
    const { changes } = diffTrees(loadedTree(before).projects, loadedTree(after).projects);
    const app = touchedBy(all, changes).filter(({ name }) => name === 'app');
    expect(app.map(({ destinations }) => destinations)).toEqual([['o.test']]);
    expect(onAllMirrors(app, all)).toEqual(all.filter(({ name }) => name === 'app'));
  });
});
