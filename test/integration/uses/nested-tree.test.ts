import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureBuilt, runCli } from '../../support/built-cli.ts';
import { writeTree, type ProjectSpec } from '../../support/promotion/tree.ts';
import { digestOf, LOST_DIGEST, startWorld, type World } from './world.ts';

/** What else a repository like kubernetes/k8s.io holds; none of it is ours, and most of it would be wrong. */
const NOT_OURS = {
  'artifacts/manifests/k8s-staging-app/promoter-manifest.yaml': 'filestores:\n- base: gs://staging\n  src: true\n',
  'artifacts/filestores/k8s-staging-app/filepromoter-manifest.yaml': 'filestores: []\n',
  'dns/zone-configs/k8s.io._0_base.yaml': 'example: {type: A}\n',
  'registry.k8s.io/OWNERS': 'approvers: [someone]\n',
  '.git/images/x/images.yaml': '- nonsense\n',
  '.git/manifests/x/promoter-manifest.yaml': 'nonsense\n',
  'node_modules/tree/images/x/images.yaml': '- nonsense\n',
  'node_modules/tree/manifests/x/promoter-manifest.yaml': 'nonsense\n',
};

describe('kpromo cip --manifests ./k8s.io', () => {
  let cwd: string;
  let world: World;

  beforeAll(ensureBuilt);
  beforeEach(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'kpromo-nested-'));
    world = await startWorld();
  });
  afterEach(async () => {
    rmSync(cwd, { recursive: true });
    await world[Symbol.asyncDispose]();
  });

  const putTree = async (projects: readonly ProjectSpec[]): Promise<void> => {
    await using tree = await writeTree(projects);
    mkdirSync(join(cwd, 'k8s.io'));
    renameSync(tree.path, join(cwd, 'k8s.io', 'registry.k8s.io'));
    for (const [file, text] of Object.entries(NOT_OURS)) {
      mkdirSync(dirname(join(cwd, 'k8s.io', file)), { recursive: true });
      writeFileSync(join(cwd, 'k8s.io', file), text);
    }
  };
  const run = (...args: string[]) => runCli(['cip', '--manifests', './k8s.io', ...args], { cwd });

  it('promotes what the tree deeper down names, and nothing of the other files', async () => {
    await putTree([world.project('one', { v1: digestOf(1) }), world.project('two', { v2: digestOf(2) })]);
    const { code, stdout, stderr } = await run('--confirm', '--sign=false');
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).not.toMatch(/level=(?:error|warning|fatal)/);
    const expected = { v1: digestOf(1), v2: digestOf(2) };
    expect(world.tagsOn('prod/app')).toEqual([expected, expected]);
    for (const mirror of world.mirrors) expect(Object.keys(mirror.snapshot())).toEqual(['prod/app']);
  });

  it('names files as they were typed, and lets no broken entry stop a good one', async () => {
    await putTree([world.project('one', { v1: digestOf(1), v9: LOST_DIGEST })]);
    writeFileSync(join(cwd, 'k8s.io/registry.k8s.io/manifests/README.yaml'), 'not: ours\n');
    const { code, stderr } = await run('--confirm', '--sign=false');
    expect(code).toBe(1);
    expect(stderr).toContain('k8s.io/registry.k8s.io/images/one/images.yaml:6:5');
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^time="[\d:.]+" level=fatal msg="run `cip run`: promote images: /,
    );
    expect(world.tagsOn('prod/app')).toEqual([{ v1: digestOf(1) }, { v1: digestOf(1) }]);
  });

  it('only checks the manifests with --parse-only, and connects to nobody', async () => {
    await putTree([world.project('one', { v1: digestOf(1) })]);
    const { code, stderr } = await run('--parse-only');
    expect(code).toBe(0);
    expect(stderr).toContain('Summary: 1 image in the manifests; no request was sent\n');
    expect(world.all.map(({ counters }) => counters.counts().connections)).toEqual([0, 0, 0]);
  });

  it('finds with --parse-only that two entries want one tag, and names both lines', async () => {
    await putTree([world.project('one', { v1: digestOf(1) }), world.project('two', { v1: digestOf(2) })]);
    const { code, stderr } = await run('--parse-only');
    expect(code).toBe(1);
    for (const project of ['one', 'two'])
      expect(stderr).toMatch(new RegExp(`k8s\\.io/registry\\.k8s\\.io/images/${project}/images\\.yaml:3\\b`));
    expect(world.all.map(({ counters }) => counters.counts().connections)).toEqual([0, 0, 0]);
  });

  it('fails where there is no tree', async () => {
    mkdirSync(join(cwd, 'k8s.io'));
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toContain('there are no manifests here');
  });
});
