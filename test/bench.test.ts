import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BASELINES } from '../bench/baselines.ts';
import { measure } from '../bench/measure.ts';
import { compare, readResults } from '../bench/results.ts';
import { GROUPS, SCENARIOS } from '../bench/scenarios.ts';
import { runTree } from '../bench/scenarios/tree.ts';
import { table } from '../bench/table.ts';
import { writeTree } from '../bench/tree-files.ts';
import { countTree, generateTree, SIZES, type TreeSize } from '../bench/tree.ts';
import { loadManifests } from '../src/manifest/load.ts';
import { ensureBuilt, KPROMO } from './support/built-cli.ts';

const SMALL: TreeSize = { projects: 2, images: 2, versions: 10, mirrors: 2, pending: 3 };

describe('bench/tree', () => {
  it('makes one digest in 20 tagless and gives one in 10 two tags', () => {
    const versions = generateTree(SMALL).projects.flatMap(({ images }) => images.flatMap((image) => image.versions));
    const withTags = (count: number): number => versions.filter(({ tags }) => tags.length === count).length;
    expect([withTags(0), withTags(1), withTags(2)]).toEqual([2, 34, 4]);
    expect(new Set(versions.map(({ digest }) => digest)).size).toBe(40);
  });

  it.each([0, 1, 3, 40])('makes exactly %i digests pending', (pending) => {
    const { projects } = generateTree({ ...SMALL, pending });
    const images = projects.flatMap((project) => project.images);
    expect(images.flatMap(({ versions }) => versions.filter((version) => version.pending)).length).toBe(pending);
  });

  it('makes the same tree for the same size', () => {
    expect(generateTree(SMALL)).toEqual(generateTree(SMALL));
  });

  it('lets a pending image share one layer with all and one with its name', () => {
    const { projects } = generateTree({ ...SMALL, pending: 40 });
    const layers = projects.flatMap(({ images }) =>
      images.flatMap(({ versions }) => versions.map(({ pending }) => pending?.layerSeeds ?? [])),
    );
    expect([0, 1, 2].map((index) => new Set(layers.map((seeds) => seeds[index])).size)).toEqual([1, 4, 40]);
  });

  it('makes one destination the root of the others when they are nested', () => {
    const { projects } = generateTree({ ...SMALL, nested: true });
    expect(projects.map(({ destination }) => destination)).toEqual(['prod', 'prod/project-1']);
  });

  it('counts the trees of the baselines as those do', () => {
    const counts = [SIZES.s, SIZES.m, SIZES.full].map((size) => {
      const { digests, repositories } = countTree(generateTree({ ...size, pending: 0 }));
      return [digests, repositories];
    });
    expect(counts).toEqual([
      [180, 120],
      [1_200, 2_640],
      [45_628, 30_866],
    ]);
  });
});

describe('bench/tree-files', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('writes what the program reads without a problem', async () => {
    const tree = generateTree(SMALL);
    await writeTree(tree, folder, 'staging.example', ['a.example', 'b.example']);
    const { projects, problems } = await loadManifests({ thinManifestDir: folder });
    expect(problems).toEqual([]);
    expect(projects.map(({ source, destinations }) => [source, destinations.map(({ name }) => name)])).toEqual([
      ['staging.example/staging/project-0', ['a.example/prod/project-0', 'b.example/prod/project-0']],
      ['staging.example/staging/project-1', ['a.example/prod/project-1', 'b.example/prod/project-1']],
    ]);
    const read = projects.flatMap(({ images }) => images.flatMap(({ digests }) => digests));
    const made = tree.projects.flatMap(({ images }) => images.flatMap(({ versions }) => versions));
    expect(read.map(({ digest, tags }) => ({ digest, tags }))).toEqual(
      made.map(({ digest, tags }) => ({ digest, tags })),
    );
  });
});

describe('bench/measure', () => {
  it('tells how a program ended and what it needed', async () => {
    const busy =
      'const all = Buffer.alloc(64 * 1024 * 1024, 1); setTimeout(() => { console.error("bye"); process.exit(3); }, 200)';
    const measured = await measure({ program: process.execPath, args: ['-e', busy] });
    expect(measured).toMatchObject({ exit: 3, lastWords: 'bye\n' });
    expect(measured.wallSeconds).toBeGreaterThan(0.15);
    if (process.platform === 'linux') expect(measured.peakMiB).toBeGreaterThan(64);
  });

  it('tells what ended a program', async () => {
    const measured = await measure({ program: process.execPath, args: ['-e', 'process.kill(process.pid, "SIGKILL")'] });
    expect(measured.exit).toBe('SIGKILL');
  });
});

describe('bench/results', () => {
  const problemsOf = (...args: Parameters<typeof compare>): unknown =>
    compare(...args).flatMap(({ name, problem }) => (problem === undefined ? [] : [[name, problem]]));

  it('accepts figures within the tolerance and within their limits', () => {
    const limits = { requests: { most: 102 }, share: { least: 0.9 } };
    expect(problemsOf({ requests: 102, peakMiB: 114, share: 0.9 }, { requests: 100, peakMiB: 100 }, limits)).toEqual(
      [],
    );
    expect(problemsOf({ requests: 1, peakMiB: 1, share: 0.9 }, { requests: 100, peakMiB: 100 }, limits)).toEqual([]);
  });

  it('rejects more requests and more memory than committed, but no ratio without a limit', () => {
    const committed = { requests: 100, peakMiB: 100, 'peakMiB of 4': 100, ratio: 1 };
    expect(problemsOf({ requests: 103, peakMiB: 116, 'peakMiB of 4': 116, ratio: 9 }, committed)).toEqual([
      ['requests', 'more than 100 and 2 %'],
      ['peakMiB', 'more than 100 and 15 %'],
      ['peakMiB of 4', 'more than 100 and 15 %'],
    ]);
  });

  it('rejects a figure over its limit, and one that was not measured', () => {
    const limits = { requests: { most: 0 }, share: { least: 0.9 }, peakMiB: { most: 9 } };
    expect(problemsOf({ requests: 1, share: 0.8 }, {}, limits)).toEqual([
      ['requests', 'more than 0'],
      ['share', 'less than 0.9'],
      ['peakMiB', 'not measured'],
    ]);
  });

  it('names, like the baselines and the groups, only known scenarios', () => {
    const names = [...Object.keys(readResults()), ...Object.keys(BASELINES), ...Object.values(GROUPS).flat()];
    expect(names.filter((name) => !SCENARIOS.has(name))).toEqual([]);
  });

  it('has committed figures for every scenario that CI runs', () => {
    const results = readResults();
    expect(GROUPS['quick']?.filter((name) => results[name]?.['peakMiB'] === undefined)).toEqual([]);
  });
});

describe('bench/table', () => {
  it('prints each figure with the committed one, the difference and the limit, then the problems', () => {
    const compared = compare(
      { requests: 2_520, peakMiB: 120 },
      { requests: 2_520, peakMiB: 100 },
      { requests: { most: 2_520 } },
    );
    const block = { name: 'm-noop', compared, local: { wallSeconds: 1.5 }, problems: ['exit 1: bye'] };
    expect(table([block]).split('\n')).toEqual([
      'scenario  figure       measured  committed  difference  limit',
      'm-noop    requests        2,520      2,520         0 %  ≤ 2,520',
      '          peakMiB           120        100     +20.0 %           FAILED: more than 100 and 15 %',
      '          wallSeconds       1.5',
      '',
      'm-noop: exit 1: bye',
    ]);
  });
});

describe('bench/scenarios/tree', () => {
  const run = async (scenario: Partial<TreeSize>, job: 'dry' | 'promote'): ReturnType<typeof runTree> => {
    await ensureBuilt();
    const size = { ...SMALL, ...scenario };
    return runTree({ size, job, google: true }, { program: KPROMO, env: {} });
  };

  it('measures the built program, and counts what it asks of all registries', async () => {
    const result = await run({}, 'promote');
    expect(result).toMatchObject({ exit: 0, unexpected: [], tree: { digests: 40, repositories: 12 } });
    // Three images, each of a config and three layers, to two mirrors; in staging, each in a repository of its own, it is
    // found out what is attached to them.
    expect(result.kinds).toMatchObject({ list: 8 + 3, referrers: 3, getManifest: 3, getBlob: 12, put: 24 });
    expect(result.requests).toBe(Object.values(result.kinds).reduce((sum, count) => sum + count, 0));
  });

  it('loads nested destinations so that nothing but the pending is missing', async () => {
    const result = await run({ nested: true, pending: 0 }, 'dry');
    expect(result).toMatchObject({ exit: 0, kinds: { list: 8 }, requests: 8 });
  });
});
