import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cip } from '../support/promotion/cip.ts';
import { digestOfLabel, imageOf } from '../support/promotion/plan-cases.ts';
import { writeTree, type WrittenTree } from '../support/promotion/tree.ts';
import { storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';

const NAMES = ['app0', 'app1', 'app2', 'app3'];

describe('kpromo cip --inventory-cache', () => {
  let [staging, mirror, ops]: TestRegistry[] = [];
  let tree: WrittenTree;
  let folder: string;
  beforeAll(async () => {
    [staging, mirror, ops] = [await startRegistry(), await startRegistry({ google: true }), await startRegistry()];
    for (const name of NAMES) storeImage(staging.store, `staging/${name}`, imageOf(name));
    folder = await mkdtemp(join(tmpdir(), 'kpromo-cache-'));
    const entries = NAMES.map((name) => [name, digestOfLabel(name), 'v1'] as const);
    tree = await writeTree([{ name: 'p', from: `${staging.host}/staging`, to: [`${mirror.host}/prod`], entries }]);
  });
  afterAll(async () => {
    for (const registry of [staging, mirror, ops]) await registry?.close();
    await rm(folder, { recursive: true });
    await tree[Symbol.asyncDispose]();
  });

  // At another speed, the clock of a run would be behind that of the run before.
  const run = async (...args: readonly string[]) => {
    mirror?.counters.reset();
    const result = await cip(['--thin-manifest-dir', tree.path, '--sign=false', ...args], { speed: 1 });
    return { ...result, lists: mirror?.counters.counts().kinds.list ?? 0 };
  };

  it('keeps the cache in a registry, where dry runs and promotions find it', async () => {
    const cache = `--inventory-cache=oci://${ops?.host}/ops/kpromo:cache`;
    expect(await run(cache, '--confirm')).toMatchObject({ code: 0, lists: 4 });
    expect([...(ops?.store.repository('ops/kpromo')?.tags.keys() ?? [])]).toContain('cache.inventory.json');
    const report = join(folder, 'report.json');
    const markdown = join(folder, 'report.md');
    const again = await run(cache, '--report', report, '--report', markdown);
    expect(again).toMatchObject({ code: 0, lists: 1 });
    const { inventory } = JSON.parse(await readFile(report, 'utf8')) as { inventory: object };
    const since = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(inventory).toEqual({ believed: 3, since, checked: 1, changed: 0, wrong: [] });
    expect(await readFile(markdown, 'utf8')).toMatch(
      /3 repositories not read, but complete by the inventory cache since \d/,
    );
    expect(again.stdout).toMatch(
      /^ {2}3 of 4 repositories not read: complete by the inventory cache, last read at \d/m,
    );
    const promoted = await run(cache, '--confirm');
    expect(promoted).toMatchObject({ code: 0, lists: 1 });
    expect(promoted.summary).toMatch(
      /^ {2}3 of 4 repositories not read: .*\n {2}1 read that the cache has: all complete$/m,
    );
  });

  it('keeps the cache in a folder, and that of each shard in a file of its own', async () => {
    const cache = `--inventory-cache=${join(folder, 'cache')}`;
    expect(await run(cache)).toMatchObject({ code: 0, lists: 4 });
    expect(await run(cache)).toMatchObject({ code: 0, lists: 1 });
    expect(await run(cache, '--verify-all')).toMatchObject({ code: 0, lists: 4 });
    await run(cache, '--shard=0/1');
    const files = await readdir(join(folder, 'cache'));
    expect(files).toEqual(expect.arrayContaining(['inventory-0-of-1.json', 'inventory.json']));
  });

  it('does not fail if the cache cannot be written', async () => {
    ops?.inject(({ method }) => (method === 'POST' ? { status: 403 } : undefined));
    const { code, log } = await run(`--inventory-cache=oci://${ops?.host}/ops/other:cache`);
    expect(code).toBe(0);
    expect(log.filter((line) => line.startsWith('warning the inventory cache'))).toEqual([
      expect.stringMatching(/^warning the inventory cache \S+\/ops\/other:cache\.inventory\.json is not written: /),
    ]);
  });

  it.each([
    [['--verify-all'], '--verify-all requires --inventory-cache'],
    [['--inventory-cache=oci://a.test/app'], 'not the address of a tag; expected oci://REGISTRY/REPOSITORY:TAG'],
    [[`--inventory-cache=oci://a.test/app@sha256:${'1'.repeat(64)}`], 'not the address of a tag'],
    [[`--inventory-cache=oci://a.test/app:${'x'.repeat(65)}`], 'not the address of a tag'],
  ])('rejects %j', async (args, message) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr.includes(message)]).toEqual([1, true]);
  });
});
