import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { homeWith } from '../support/home.ts';
import { orSkip } from '../support/programs.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { startDistribution, startDistribution3, startReferrersRegistry } from '../support/real-registries.ts';
import { buildImage, buildMultiPlatform, pushImage } from '../support/registry/images.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';
import { goldenSnapshots, loadState } from '../support/snapshots.ts';

const GOLDEN = goldenSnapshots();

async function golden(options: RegistryOptions = { google: true }): Promise<TestRegistry> {
  const registry = await startRegistry({ allowMissing: true, ...options });
  onTestFinished(() => registry.close());
  loadState(registry.store, GOLDEN.state);
  return registry;
}

async function run(registry: TestRegistry, args: readonly string[]): Promise<CipRun> {
  const folder = await homeWith({ 'manifest.yaml': GOLDEN.manifest });
  const filled = args.map((arg) =>
    arg.replace('{registry}', registry.host).replace('{manifest}', join(folder, 'manifest.yaml')),
  );
  return cip(filled);
}

/** Requests as `METHOD kind`, each with how many of it there were. */
const requestsOf = ({ counters }: TestRegistry): Readonly<Record<string, number>> => ({ ...counters.counts().kinds });

describe('kpromo cip --snapshot', () => {
  it('prints what upstream prints, to the byte, and writes nothing', async () => {
    const same = GOLDEN.runs.filter(({ exit }) => exit === 0);
    expect(same.length).toBeGreaterThanOrEqual(11);
    for (const { args, stdout } of same) {
      const registry = await golden();
      // what is nowhere is listed by this registry as a folder of nothing
      registry.store.load('nothing', { manifests: new Map(), tags: new Map(), blobs: new Map() });
      expect(await run(registry, args)).toMatchObject({ code: 0, stdout });
      expect(registry.counters.log.filter(({ method }) => method !== 'GET')).toEqual([]);
      expect(registry.unexpected).toEqual([]);
    }
  });

  it('prints JSON, which upstream refuses, with what the YAML says', async () => {
    const { code, stdout } = await run(await golden(), ['--snapshot', '{registry}/prod/team', '--output', 'JSON']);
    const images = Object.entries(GOLDEN.state).filter(([path]) => path.startsWith('prod/team/'));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(
      images
        .map(([path, digests]) => ({
          name: path.slice('prod/team/'.length),
          dmap: Object.fromEntries(Object.entries(digests).map(([digest, { tags }]) => [digest, tags.toSorted()])),
        }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    );
    expect(stdout.endsWith(']\n')).toBe(true);
  });

  it('asks a registry with the Google listing once for each repository and folder, and for each index', async () => {
    const registry = await golden();
    await run(registry, ['--snapshot', '{registry}/prod']);
    // prod, its five children (one a folder), two below team, one below team/child
    expect(requestsOf(registry)).toEqual({ list: 8 });
    registry.counters.reset();
    await run(registry, ['--snapshot', '{registry}/prod', '--minimal-snapshot']);
    // two indexes, and two manifests without a tag that may name a subject
    expect(requestsOf(registry)).toEqual({ list: 8, getManifest: 4 });
  });

  it('takes what has a tag from a registry without the Google listing, by the pages of its catalog', async () => {
    const tagged = goldenLines((tags) => tags.length > 0);
    for (const pageSize of [2, undefined]) {
      const registry = await golden(pageSize === undefined ? {} : { pageSize });
      const { code, stdout, log } = await run(registry, ['--snapshot', '{registry}/prod', '--output', 'csv']);
      expect([code, stdout]).toEqual([0, `${tagged}\n`]);
      expect(log).toContainEqual(expect.stringMatching(/^warning .* lists only tags: digests without a tag are not/));
      expect(registry.counters.log.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
      expect(registry.unexpected).toEqual([]);
    }
  });

  it('lists each repository once, and looks up each tag once, where there is no Google listing', async () => {
    const registry = await golden({});
    await run(registry, ['--snapshot', '{registry}/prod']);
    const tags = Object.values(GOLDEN.state).flatMap((images) => Object.values(images).flatMap((image) => image.tags));
    // prod itself, and the five repositories
    expect(requestsOf(registry)).toEqual({ catalog: 1, list: 6, headManifest: tags.length });
  });

  it('takes all of a host, and names images by their whole path', async () => {
    for (const google of [true, false]) {
      const { code, stdout } = await run(await golden({ google }), ['--snapshot', '{registry}', '--output', 'csv']);
      expect(code).toBe(0);
      expect(stdout).toContain('\nprod/team/child/deep@sha256:ae35ad9a');
    }
  });
});

describe('kpromo cip --snapshot that cannot be', () => {
  it('names the ways out where the registry keeps no catalog', async () => {
    const registry = await golden({ catalog: false });
    const { code, stdout, stderr } = await run(registry, ['--snapshot', '{registry}/prod']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`${registry.host} has no catalog of its repositories`);
    expect(stderr).toMatch(/name one repository \(--snapshot HOST\/PATH\), or read the manifests instead/);
    expect(stderr.trimEnd().split('\n').at(-1)).toContain('level=fatal msg="run `cip run`: snapshot: phase');
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
  ])('names the ways out where the catalog is refused with %d', async (status, word) => {
    const registry = await golden({});
    registry.inject(({ kind }) =>
      kind === 'catalog' ? { status, body: `{"errors":[{"code":"${word}","message":"admins only"}]}` } : undefined,
    );
    const { code, stdout, stderr } = await run(registry, ['--snapshot', '{registry}/prod']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/admins only.*use an account with permission to list the catalog/);
  });

  it('takes one repository by itself, with a warning, where there is no catalog', async () => {
    const registry = await golden({ catalog: false });
    const { code, stdout, log } = await run(registry, ['--snapshot', '{registry}/prod/app', '--output', 'csv']);
    expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringMatching(/^@sha256:926a5d00\w+,:latest$/)]);
    expect(log).toContainEqual(expect.stringMatching(/^warning Only .*\/prod\/app itself is in the snapshot/));
  });

  it('prints nothing when a repository or an index cannot be read, and says which', async () => {
    for (const kind of ['list', 'getManifest'] as const) {
      const registry = await golden();
      registry.inject((request) =>
        request.kind === kind && request.repository === 'prod/multi'
          ? { status: 403, body: '{"errors":[{"code":"DENIED","message":"not yours"}]}' }
          : undefined,
      );
      const { code, stdout, stderr } = await run(registry, ['--snapshot', '{registry}/prod', '--minimal-snapshot']);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('/prod/multi');
      expect(stderr).toContain('not yours');
    }
  });

  it('refuses tags and names that are none', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    for (const body of [
      { name: 'prod', child: ['../up'], manifest: {}, tags: [] },
      { name: 'prod', child: [], manifest: { [digest]: { tag: ['a\n- name: b'] } }, tags: ['a\n- name: b'] },
    ]) {
      const registry = await golden();
      registry.inject(() => ({ status: 200, body: JSON.stringify(body) }));
      const { code, stdout, stderr } = await run(registry, ['--snapshot', '{registry}/prod']);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        /the registry names (?:a repository that has a path|\S+a\S+ ?.* as a tag, which is not a valid tag)/,
      );
    }
  });

  it('prints nothing when it is stopped', async () => {
    const registry = await golden();
    const controller = new AbortController();
    registry.inject(() => {
      controller.abort(new Error('stopped by the test'));
      return { status: 503 };
    });
    const { code, stdout } = await cip(['--snapshot', `${registry.host}/prod`], { signal: controller.signal });
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
  });
});

describe('kpromo cip --manifest-based-snapshot-of', () => {
  const [a, b] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
  const project = (name: string, entries: ProjectSpec['entries']): ProjectSpec => ({
    name,
    from: `gcr.io/staging-${name}`,
    to: ['us.test/prod', `eu.test/prod/${name}`],
    entries,
  });

  it('takes thin trees, without a request', async () => {
    const tree = await writeTree([
      project('one', [['app', b, 'v2', 'v1']]),
      project('two', [
        ['app', a],
        ['lib', a, 'v3'],
      ]),
    ]);
    onTestFinished(() => tree[Symbol.asyncDispose]());
    for (const source of ['--manifests', '--thin-manifest-dir']) {
      const of = (registry: string): Promise<CipRun> =>
        cip([source, tree.path, '--manifest-based-snapshot-of', registry, '--output', 'csv']);
      const us = [`app@${a},-`, `app@${b},app:v1`, `app@${b},app:v2`, `lib@${a},lib:v3`, '', ''];
      expect(await of('us.test/prod/')).toMatchObject({ code: 0, stdout: us.join('\n') });
      const eu = [`one/app@${b},one/app:v1`, `one/app@${b},one/app:v2`, `two/app@${a},-`, `two/lib@${a},two/lib:v3`];
      expect(await of('eu.test/prod')).toMatchObject({ code: 0, stdout: `${eu.join('\n')}\n\n` });
    }
  });

  it('prints nothing of a tree with a mistake, and says where it is', async () => {
    const tree = await writeTree([
      project('one', [
        ['app', 'sha256:short', 'v1'],
        ['app', a, 'v2'],
      ]),
    ]);
    onTestFinished(() => tree[Symbol.asyncDispose]());
    const { code, stdout, stderr } = await cip(['--manifests', tree.path, '--manifest-based-snapshot-of', 'us.test']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/images\/one\/images\.yaml:3:\d+/);
  });

  it('says that a tag does nothing there', async () => {
    const { code, stdout, log } = await run(await golden(), [
      '--manifest={manifest}',
      '--manifest-based-snapshot-of=us-docker.pkg.dev/prod/images/foo',
      '--snapshot-tag=v2',
    ]);
    const untagged = GOLDEN.runs.find(({ args }) => args.length === 4 && args[3]?.endsWith('/foo') === true);
    expect([code, stdout]).toEqual([0, untagged?.stdout]);
    expect(log).toContain('warning --snapshot-tag=v2 has no effect with --manifest-based-snapshot-of');
  });
});

describe('kpromo cip --snapshot of registries that others have written', () => {
  it.for([
    ['distribution 2.8', startDistribution],
    ['distribution 3', startDistribution3],
    ["go-containerregistry's", startReferrersRegistry],
  ] as const)('tells what was pushed to %s', async ([, start], test) => {
    const registry = await orSkip(test, start);
    onTestFinished(() => registry.stop());
    const root = `${registry.address}/${randomUUID()}`;
    const images = { app: buildImage({ seed: 701 }), 'team/list': buildMultiPlatform({ seed: 702 }, ['linux/amd64']) };
    const [url, path] = [`http://${registry.address}`, root.slice(root.indexOf('/') + 1)];
    for (const [name, image] of Object.entries(images))
      await pushImage(url, `${path}/${name}`, image, ['v1', 'latest']);
    const { code, stdout } = await cip(['--snapshot', root]);
    const lines = Object.entries(images).map(
      ([name, { manifest }]) => `- name: ${name}\n  dmap:\n    "${manifest.descriptor.digest}": ["latest", "v1"]\n`,
    );
    expect([code, stdout]).toEqual([0, `${lines.join('')}\n`]);
  });
});

/** The CSV of the digests of `prod` that are kept. */
function goldenLines(keeps: (tags: readonly string[]) => boolean): string {
  const [, csv] = GOLDEN.runs;
  const kept = Object.values(GOLDEN.state).flatMap((images) =>
    Object.entries(images).flatMap(([digest, { tags }]) => (keeps(tags) ? [digest] : [])),
  );
  const lines = (csv?.stdout ?? '').split('\n').filter((line) => kept.some((digest) => line.includes(digest)));
  return lines.map((line) => `${line}\n`).join('');
}
