import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patientClock } from '../support/patient-clock.ts';
import { cip, TEST_SPEED, type CipOptions } from '../support/promotion/cip.ts';
import { writeTree, type WrittenTree } from '../support/promotion/tree.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';

/** Enough requests that a run that does not know the limit is refused several times. */
const IMAGES = 60;
const QUOTA = 40;

describe('learned rates of kpromo cip --inventory-cache', () => {
  let [staging, mirror, ops]: readonly TestRegistry[] = [];
  let tree: WrittenTree;
  let folder: string;
  beforeEach(async () => {
    const clock = patientClock(TEST_SPEED);
    [staging] = await startRegistries(1, { clock, quota: { perSecond: QUOTA } });
    [mirror, ops] = await startRegistries(2, { clock });
    const store = staging?.store ?? expect.unreachable('there is a registry');
    const entries = Array.from({ length: IMAGES }, (_, index) => {
      const { digest } = storeImage(store, 'staging/app', buildImage({ seed: 100 + index, layers: [100] }));
      return ['app', digest, `v${index}`] as const;
    });
    const to = [`${mirror?.host}/prod`];
    tree = await writeTree([{ name: 'p', from: `${staging?.host}/staging`, to, entries }]);
    folder = await mkdtemp(join(tmpdir(), 'kpromo-rates-'));
  });
  afterEach(async () => {
    for (const registry of [staging, mirror, ops]) await registry?.close();
    await rm(folder, { recursive: true });
    await tree[Symbol.asyncDispose]();
  });

  /** A dry run reads all images in staging, as the one before it did. */
  const run = async (cache: string, args: readonly string[] = [], options: CipOptions = {}) => {
    staging?.counters.reset();
    const flags = ['--thin-manifest-dir', tree.path, '--sign=false', `--inventory-cache=${cache}`, ...args];
    const result = await cip(flags, options);
    const { requests = 0, statuses } = staging?.counters.counts() ?? {};
    return { ...result, requests, refused: statuses?.['429'] ?? 0 };
  };

  it('are those that the next run begins with', async () => {
    const first = await run(folder);
    const file = join(folder, 'rates.json');
    const kept = JSON.parse(await readFile(file, 'utf8')) as { rates: { group: string }[] };
    expect(first.refused).toBeGreaterThan(0);
    expect(kept.rates.map(({ group }) => group)).toContain(`http://${mirror?.host}`);
    // Far below the quota, which a run that begins at 60/s exceeds.
    const rates = kept.rates
      .map((rate) => ({ ...rate, group: `http://${staging?.host}`, rate: 5, limit: 5 }))
      .slice(0, 1);
    await writeFile(file, JSON.stringify({ ...kept, rates }), { mode: 0o600 });
    const second = await run(folder);
    expect([first.code, second.code, second.refused]).toEqual([0, 0, 0]);
    expect(second.requests).toBe(first.requests - first.refused);
  });

  it('are kept after a stop, and belong to a share', async () => {
    const stopped = new AbortController();
    let requests = 0;
    staging?.inject(() => {
      requests += 1;
      if (requests === IMAGES) stopped.abort(new Error('stop'));
      return undefined;
    });
    await run(`oci://${ops?.host}/ops/kpromo:cache`, ['--shard=0/1'], { signal: stopped.signal });
    const tags = [...(ops?.store.repository('ops/kpromo')?.tags.keys() ?? [])];
    expect(tags).toContain('cache.rates-0-of-1.json');
  });

  it('are replaced if the file is damaged, and say so only in the debug log', async () => {
    const file = join(folder, 'rates.json');
    await writeFile(file, '{"version":1,', { mode: 0o600 });
    const quiet = await run(folder);
    expect([quiet.code, quiet.stderr.includes('rates')]).toEqual([0, false]);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ version: 1, rates: expect.any(Array) });
    await writeFile(file, '[]');
    const { log } = await run(folder, ['--log-level=debug']);
    expect(log).toContain(`debug the learned rates ${file} are not used: not a file of learned rates of version 1`);
  });
});
