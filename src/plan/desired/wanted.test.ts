import { describe, expect, it } from 'vitest';
import { loadedTree, type ProjectSpec } from '../../../test/support/promotion/tree.ts';
import { byDestination, tagAt, type ImageSet } from './desired.ts';
import { wantedBy } from './wanted.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

const sets = (...projects: (Partial<ProjectSpec> & Pick<ProjectSpec, 'entries'>)[]): ImageSet[] =>
  wantedBy(
    loadedTree(
      projects.map((project, index) => ({
        name: `p${index}`,
        from: 'a.test/staging',
        to: ['b.test/prod'],
        ...project,
      })),
    ).projects,
  );

describe('src/plan/desired/wanted.ts', () => {
  it('returns source, mirrors and position of each image', () => {
    const [set, ...others] = sets({ to: ['b.test/prod', 'c.test'], entries: [['team/app', A, 'v1']] });
    expect(others).toEqual([]);
    expect(set).toMatchObject({
      project: 'p0',
      source: 'a.test/staging/team/app',
      destinations: ['b.test/prod', 'c.test'],
      images: [
        { name: 'team/app', digest: A, tags: ['v1'], at: { file: 'images/p0/images.yaml', line: 3, column: 5 } },
      ],
    });
  });

  it('merges entries of one name and tags of one digest, each tag with its own position', () => {
    const [set, ...others] = sets({
      entries: [
        ['app', A, 'v2'],
        ['app', B],
        ['other', A, 'x'],
        ['app', A, 'v1', 'v2'],
      ],
    });
    expect(others).toHaveLength(1);
    expect(set?.images.map(({ digest, tags }) => [digest, tags])).toEqual([
      [A, ['v1', 'v2']],
      [B, []],
    ]);
    const [image] = set?.images ?? [];
    expect([image?.at.line, image && tagAt(image, 'v2').line, image && tagAt(image, 'v1').line]).toEqual([3, 3, 12]);
    expect(image && tagAt(image, 'unheard-of')).toEqual(image?.at);
  });

  it('does not merge projects', () => {
    expect(
      sets({ entries: [['app', A, 'v1']] }, { entries: [['app', A, 'v1']] }).map(({ project }) => project),
    ).toEqual(['p0', 'p1']);
  });
});

describe('src/plan/desired/desired.ts', () => {
  it('returns the sets of a repository in the order of the manifests', () => {
    const nested = sets(
      {
        to: ['b.test/prod', 'c.test'],
        entries: [
          ['images/app', A, 'v1'],
          ['app', A],
        ],
      },
      { to: ['b.test/prod/images'], entries: [['app', B, 'v2']] },
    );
    const found = [...byDestination(nested)].map(([repository, wanting]) => [
      repository,
      wanting.map(({ project, name }) => `${project} ${name}`),
    ]);
    expect(found).toEqual([
      ['b.test/prod/images/app', ['p0 images/app', 'p1 app']],
      ['c.test/images/app', ['p0 images/app']],
      ['b.test/prod/app', ['p0 app']],
      ['c.test/app', ['p0 app']],
    ]);
  });
});
