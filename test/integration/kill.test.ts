import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, KPROMO } from '../support/built-cli.ts';
import { KNOWN_TO_BE_FAST_YAML } from '../support/promotion/fast-registries.ts';
import { random } from '../support/random.ts';
import { writeTree, type ProjectSpec, type WrittenTree } from '../support/promotion/tree.ts';
import { buildImage, buildIndex, buildMultiPlatform, storeImage, type BuiltImage } from '../support/registry/images.ts';
import type { FaultHook } from '../support/registry/faults.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';
import type { Snapshot } from '../support/registry/snapshot.ts';

const KIB = 1024;
const MIRRORS = 2;
const KILLS = 4;

/** Images that share layers, small and teed, and indexes that share images. */
const images: readonly (readonly [name: string, image: BuiltImage, ...tags: string[]])[] = [
  ...Array.from(
    { length: 8 },
    (_, index) =>
      [
        `app${index % 3}`,
        buildImage({ seed: 10 + index, layers: [300 * KIB, 4 * KIB, 2 * KIB], layerSeeds: [1, 2] }),
        `v${index}`,
        `w${index}`,
      ] as const,
  ),
  ['large', buildImage({ seed: 30, layers: [5 * KIB * KIB, KIB] }), 'v1'],
  ['large', buildImage({ seed: 31, layers: [5 * KIB * KIB, 2 * KIB], layerSeeds: [30_001] }), 'v2'],
  ['multi', buildMultiPlatform({ seed: 40 }, ['linux/amd64', 'linux/arm64', 'linux/s390x', 'linux/ppc64le']), 'v1'],
  [
    'multi',
    buildIndex([buildMultiPlatform({ seed: 50 }, ['linux/amd64', 'linux/arm64']), buildImage({ seed: 60 })]),
    'v2',
    'latest',
  ],
  ['multi', buildImage({ seed: 70 })],
];

describe('killing a promotion at any moment', () => {
  let source: TestRegistry;
  const trees: WrittenTree[] = [];
  const opened: TestRegistry[] = [];

  beforeAll(async () => {
    await ensureBuilt();
    [source] = (await startRegistries(1)) as [TestRegistry];
    opened.push(source);
    for (const [name, image] of images) storeImage(source.store, `staging/${name}`, image);
  });
  afterAll(async () => {
    await Promise.all(trees.map((tree) => tree[Symbol.asyncDispose]()));
    await Promise.all(opened.map((registry) => registry.close()));
  });

  const openMirrors = async (): Promise<{ readonly mirrors: readonly TestRegistry[]; readonly tree: string }> => {
    const mirrors = await startRegistries(MIRRORS);
    opened.push(...mirrors);
    const entries = images.map(([name, { manifest }, ...tags]) => [name, manifest.descriptor.digest, ...tags] as const);
    const project: ProjectSpec = {
      name: 'p',
      from: `${source.host}/staging`,
      to: mirrors.map(({ host }) => `${host}/prod`),
      entries,
    };
    const tree = await writeTree([project]);
    await writeFile(configIn(tree.path), KNOWN_TO_BE_FAST_YAML);
    trees.push(tree);
    return { mirrors, tree: tree.path };
  };
  const snapshots = (mirrors: readonly TestRegistry[]): Snapshot[] => mirrors.map((mirror) => mirror.snapshot());

  /** Lets `onRequest` know of every request, before it is answered. */
  const watch = (mirrors: readonly TestRegistry[], onRequest: (() => void) | undefined): void => {
    const hook: FaultHook = () => {
      onRequest?.();
      return undefined;
    };
    for (const registry of [source, ...mirrors]) registry.inject(hook);
  };

  it(`${KILLS} times and running again ends in the same registries as an undisturbed run`, async () => {
    const undisturbed = await openMirrors();
    let requests = 0;
    watch(undisturbed.mirrors, () => (requests += 1));
    expect(await promote(undisturbed.tree).ended).toEqual([0, null]);
    const wanted = snapshots(undisturbed.mirrors);
    expect(Object.keys(wanted[0] ?? {})).toEqual(['prod/app0', 'prod/app1', 'prod/app2', 'prod/large', 'prod/multi']);

    const next = random(3);
    let halfway = 0;
    let current = await openMirrors();
    for (let kills = 0; kills < KILLS;) {
      let left = 1 + Math.floor(next() * requests);
      const run = promote(current.tree);
      watch(current.mirrors, () => {
        left -= 1;
        if (left === 0) run.process.kill('SIGKILL');
      });
      const [code, signal] = await run.ended;
      if (signal === 'SIGKILL') {
        kills += 1;
        if (isHalfway(current.mirrors, wanted)) halfway += 1;
        continue;
      }
      // What was left needed fewer requests than that: begin with empty mirrors again.
      expect([code, signal]).toEqual([0, null]);
      expect(snapshots(current.mirrors)).toEqual(wanted);
      current = await openMirrors();
    }
    watch(current.mirrors, undefined);
    expect(await promote(current.tree).ended).toEqual([0, null]);
    expect(snapshots(current.mirrors)).toEqual(wanted);
    expect(opened.flatMap(({ unexpected }) => unexpected)).toEqual([]);
    // Kills before the first tag or after the last one would prove little.
    expect(halfway).toBeGreaterThan(KILLS / 5);
  });
});

/** True when some of the wanted tags are there and others are not. */
function isHalfway(mirrors: readonly TestRegistry[], wanted: readonly Snapshot[]): boolean {
  const tagsIn = (all: readonly Snapshot[]): number =>
    all.flatMap((one) => Object.values(one).flatMap(({ tags }) => Object.keys(tags))).length;
  const tags = tagsIn(mirrors.map((mirror) => mirror.snapshot()));
  return tags > 0 && tags < tagsIn(wanted);
}

type Run = {
  readonly process: ChildProcess;
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
};

function configIn(tree: string): string {
  return join(tree, 'registries.yaml');
}

/** Runs the program as a user does. */
function promote(tree: string): Run {
  const args = ['cip', '--thin-manifest-dir', tree, '--confirm', '--sign=false', '--registry-config', configIn(tree)];
  const child = spawn(KPROMO, args, {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    stdio: 'ignore',
  });
  const ended = new Promise<readonly [number | null, string | null]>((resolve) =>
    child.once('exit', (code, signal) => resolve([code, signal])),
  );
  return { process: child, ended };
}
