import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../image/pattern.ts';
import type { ImageSet } from '../desired/desired.ts';
import { primaryChanges } from './primary-changes.ts';

/** Creates a set of one image that a project promotes to these registries. */
const setOf = (destinations: readonly string[], name = 'app', project = 'p'): ImageSet => ({
  project,
  source: `s.test/${name}`,
  destinations,
  listed: destinations.map((registry, index) => ({
    name: registry,
    position: { file: `${project}.yaml`, line: index + 4, column: 9 },
  })),
  name,
  images: [],
});

const changes = (base: readonly ImageSet[], head: readonly ImageSet[], chosen?: string): readonly string[] =>
  primaryChanges(base, head, chosen === undefined ? undefined : compilePattern(chosen)).map(
    ({ project, before, after, at, sets }) =>
      `${project}: ${before} -> ${after} at ${at?.file}:${at?.line} (${sets.map(({ name }) => name).join(' ')})`,
  );

const BASE = [setOf(['a.test', 'b.test'])];

describe('src/plan/places/primary-changes.ts', () => {
  it.each([
    ['nothing changes', ['a.test', 'b.test']],
    ['a mirror is added at the end, whatever its name', ['a.test', 'b.test', '0.a.test']],
    ['the last is removed', ['a.test']],
    ['the others change their order', ['a.test', 'c.test', 'b.test']],
    ['no mirror stays', ['c.test', 'd.test']],
  ])('finds nothing if %s', (_, destinations) => {
    expect(changes(BASE, [setOf(destinations)])).toEqual([]);
  });

  it.each([
    ['the order changes', ['b.test', 'a.test'], 'b.test at p.yaml:4'],
    ['the first is removed', ['b.test'], 'b.test at p.yaml:4'],
    ['one is inserted before the first', ['c.test', 'a.test', 'b.test'], 'c.test at p.yaml:4'],
    ['the first is replaced', ['c.test', 'b.test'], 'c.test at p.yaml:4'],
    [
      'one on the host of upstream is added',
      ['a.test', 'us-central1-docker.pkg.dev/x'],
      'us-central1-docker.pkg.dev/x at p.yaml:5',
    ],
  ])('finds the change if %s', (_, destinations, after) => {
    expect(changes(BASE, [setOf(destinations)])).toEqual([`p: a.test -> ${after} (app)`]);
  });

  it('finds an image that moves to a project with another primary, and not its neighbours', () => {
    const head = [setOf(['b.test', 'a.test'], 'app', 'q'), setOf(['b.test', 'a.test'], 'new', 'q')];
    expect(changes(BASE, head)).toEqual(['q: a.test -> b.test at q.yaml:4 (app)']);
    expect(changes(BASE, [setOf(['a.test', 'c.test'], 'app', 'q')])).toEqual([]);
  });

  it('compares repositories, however they are split into registry and name', () => {
    expect(changes([setOf(['a.test/x', 'b.test/x'])], [setOf(['a.test', 'b.test'], 'x/app')])).toEqual([]);
    expect(changes([setOf(['a.test/x', 'b.test/x'])], [setOf(['b.test', 'a.test'], 'x/app')])).toEqual([
      'p: a.test/x -> b.test at p.yaml:4 (x/app)',
    ]);
  });

  it('accepts any former primary of a mirror', () => {
    const base = [...BASE, setOf(['b.test', 'a.test'], 'app', 'q')];
    expect(changes(base, [setOf(['b.test'])])).toEqual([]);
  });

  it('accepts a chosen primary', () => {
    const head = [setOf(['b.test', 'a.test'])];
    expect(changes(BASE, head, 'b.test')).toEqual([]);
    expect(changes(BASE, head, 'a.test')).toEqual([]);
    expect(changes(BASE, [setOf(['c.test', 'b.test'])], 'a.test')).toEqual(['p: a.test -> c.test at p.yaml:4 (app)']);
  });

  it('counts the images of one change together', () => {
    const both = (...destinations: string[]): ImageSet[] => ['one', 'two'].map((name) => setOf(destinations, name));
    expect(changes(both('a.test', 'b.test'), both('b.test', 'a.test'))).toEqual([
      'p: a.test -> b.test at p.yaml:4 (one two)',
    ]);
  });
});
