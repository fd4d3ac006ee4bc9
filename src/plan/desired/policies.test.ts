import { describe, expect, it } from 'vitest';
import type { Project } from '../../manifest/manifest.ts';
import type { ProjectPolicy } from '../../policy/policies.ts';
import type { ImageLevel } from '../../policy/provenance.ts';
import { imageLevel, requiring } from '../../../test/support/policies.ts';
import { loadedTree } from '../../../test/support/promotion/tree.ts';
import { artifactTypesOf, policiesBy, policiesOf } from './policies.ts';
import { wantedBy } from './wanted.ts';

const A = `sha256:${'a'.repeat(64)}`;
const at = { file: 'promoter-policy.yaml', line: 1, column: 1 };
const asking = (source: string): ProjectPolicy => ({ provenance: requiring({ sources: [source] }) });

/** Creates a project with one image of each name. */
const project = (name: string, from: string, policy?: ProjectPolicy, images: readonly string[] = ['app']): Project => {
  const spec = { name, from, to: ['prod.test'], entries: images.map((image) => [image, A, 'v1'] as const) };
  const [found] = loadedTree([spec]).projects;
  return { ...(found ?? expect.fail('there is no project')), ...(policy && { policy }) };
};
/** Returns `project image: sources of the policies` for each image. */
const lines = (sets: ReturnType<typeof wantedBy>): readonly string[] =>
  sets.flatMap(({ project: name, images }) =>
    images.map((image) => {
      const asked = policiesOf(image).provenance.map(({ sources }) => sources.join());
      return `${name} ${image.name}: ${asked.join(' ')}`;
    }),
  );

describe('src/plan/desired/policies.ts', () => {
  it('applies every manifest whose source registry contains the image', () => {
    const projects = [
      project('top', 's.test', asking('top'), ['app', 'one/app', 'one']),
      project('one', 's.test/one', asking('one')),
      project('same', 's.test/one', asking('one')),
      project('two', 's.test/one-two'),
      project('off', 's.test/off', { provenance: requiring({ mode: 'off' }) }),
      project('else', 'else.test/one'),
    ];
    expect(lines(wantedBy(projects))).toEqual([
      'top app: top',
      'top one/app: one top',
      'top one: one top',
      'one app: one top',
      'same app: one top',
      'two app: top',
      'off app: top',
      'else app: ',
    ]);
  });

  it('applies the levels that name the image below each source registry', () => {
    const levels = (...all: readonly ImageLevel[]): ProjectPolicy => ({ provenance: requiring({ levels: all }) });
    const projects = [
      project('top', 's.test', levels(imageLevel(2, 'one/app')), ['app', 'one/app']),
      project('one', 's.test/one', levels(imageLevel(3, 'app')), ['app', 'other']),
    ];
    const asked = wantedBy(projects).flatMap(({ images }) =>
      images.map((image) => policiesOf(image).provenance.map((policy) => policy.imageLevel)),
    );
    expect(asked).toEqual([[undefined], [3, 2], [3, 2], [undefined]]);
  });

  it('applies manifests that are not promoted themselves', () => {
    const policies = [
      { project: 'gone', manifestFile: 'f', source: 's.test', provenance: requiring({ sources: ['gone'] }) },
    ];
    const projects = [project('one', 's.test/one')];
    expect(lines(wantedBy(projects, policiesBy({ projects, policies })))).toEqual(['one app: gone']);
  });

  it("applies other rules only to the project's own images, and returns none without policies", () => {
    const artifactTypes = { types: ['a/b'], at };
    const vulnerabilities = { threshold: 4, exceptions: [], at };
    const [set, below] = wantedBy([
      project('one', 's.test', { artifactTypes, vulnerabilities }),
      project('two', 's.test/x'),
    ]);
    const [image] = set?.images ?? [];
    expect(image && policiesOf(image)).toEqual({
      provenance: [],
      artifactTypes: [artifactTypes],
      vulnerabilities: [vulnerabilities],
    });
    expect(below?.images.map(artifactTypesOf)).toEqual([[]]);
    const { policies: _, ...bare } = image ?? expect.fail('there is no image');
    expect(policiesOf(bare)).toEqual({ provenance: [], artifactTypes: [], vulnerabilities: [] });
  });
});
