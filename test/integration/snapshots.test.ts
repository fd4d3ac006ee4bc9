import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { homeWith } from '../support/home.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
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
    expect(requestsOf(registry)).toEqual({ list: 8, getManifest: 2 });
  });

  it('takes what has a tag from a registry without the Google listing, by the pages of its catalog', async () => {
    const tagged = goldenLines((tags) => tags.length > 0);
    for (const pageSize of [2, undefined]) {
      const registry = await golden(pageSize === undefined ? {} : { pageSize });
      const { code, stdout, log } = await run(registry, ['--snapshot', '{registry}/prod', '--output', 'csv']);
      expect([code, stdout]).toEqual([0, `${tagged}\n`]);
      expect(log).toContainEqual(
        expect.stringMatching(/^warning .* tells of tags only: digests without a tag are not/),
      );
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

/** The CSV of the digests of `prod` that are kept. */
function goldenLines(keeps: (tags: readonly string[]) => boolean): string {
  const [, csv] = GOLDEN.runs;
  const kept = Object.values(GOLDEN.state).flatMap((images) =>
    Object.entries(images).flatMap(([digest, { tags }]) => (keeps(tags) ? [digest] : [])),
  );
  const lines = (csv?.stdout ?? '').split('\n').filter((line) => kept.some((digest) => line.includes(digest)));
  return lines.map((line) => `${line}\n`).join('');
}
