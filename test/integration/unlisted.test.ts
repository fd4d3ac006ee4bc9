import { afterEach, describe, expect, it } from 'vitest';
import { cip, kpromo, type CipRun } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import type { Fault } from '../support/registry/faults.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';

const json = (body: unknown): Fault => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const OTHER = `sha256:${'5'.repeat(64)}`;

/** How a registry answers for a list that does not show what the repository holds. */
const LISTS: readonly (readonly [name: string, list: Fault])[] = [
  ['is stale or cut', json({ name: 'prod/app', tags: [] })],
  ['shows other tags only', json({ name: 'prod/app', tags: ['zzz'] })],
  ['is not offered', { status: 404, body: '{"errors":[{"code":"UNSUPPORTED"}]}' }],
  [
    'of the Google kind is cut',
    json({ name: 'prod/app', child: [], manifest: { [OTHER]: { tag: ['zzz'], timeUploadedMs: '1700000000000' } } }),
  ],
];

const [wanted, other] = [buildImage({ seed: 1 }), buildImage({ seed: 2 })];
const { digest } = wanted.manifest.descriptor;
const { digest: otherDigest } = other.manifest.descriptor;

describe.each(LISTS)('kpromo cip with a registry whose list %s', (_, list) => {
  const open: TestRegistry[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((registry) => registry.close()));
  });

  const start = async (options: { readonly hides: boolean; readonly conditional?: boolean }): Promise<TestRegistry> => {
    const registry = await startRegistry({
      ...(options.conditional === true && { conditionalWrites: true }),
      ...(options.hides && { fault: ({ kind }) => (kind === 'list' ? list : undefined) }),
    });
    open.push(registry);
    return registry;
  };
  const run = async (
    [staging, ...mirrors]: readonly [TestRegistry, ...TestRegistry[]],
    args: readonly string[],
    tags: readonly string[] = ['v1'],
  ): Promise<CipRun> => {
    const to = mirrors.map(({ host }) => `${host}/prod`);
    await using tree = await writeTree([
      { name: 'app', from: `${staging.host}/staging`, to, entries: [['app', digest, ...tags]] },
    ]);
    return await cip(['--thin-manifest-dir', tree.path, '--sign=false', ...args]);
  };

  it.each(['--confirm', '--dry-run'])('reports TAG_MOVE with both digests, and moves nothing (%s)', async (mode) => {
    const [staging, mirror] = [await start({ hides: false }), await start({ hides: true })];
    storeImage(staging.store, 'staging/app', wanted);
    storeImage(mirror.store, 'prod/app', other, ['v1']);
    const { code, summary, stderr } = await run([staging, mirror], [mode]);
    expect(code).toBe(1);
    expect(summary).toContain('TAG_MOVE');
    expect(stderr).toContain(`points to ${otherDigest}, not ${digest}`);
    expect(mirror.store.resolve('prod/app', 'v1')).toBe(otherDigest);
    expect([...staging.unexpected, ...mirror.unexpected]).toEqual([]);
  });

  it('promotes the free tags of an image of which one would move', async () => {
    const [staging, mirror] = [await start({ hides: false }), await start({ hides: true })];
    storeImage(staging.store, 'staging/app', wanted);
    storeImage(mirror.store, 'prod/app', other, ['v1']);
    const { code, summary } = await run([staging, mirror], ['--confirm'], ['v1', 'v2']);
    expect(code).toBe(1);
    expect(summary).toContain(`${mirror.host}/prod/app:v1`);
    expect(['v1', 'v2'].map((tag) => mirror.store.resolve('prod/app', tag))).toEqual([otherDigest, digest]);
  });

  it('writes no tag that is there', async () => {
    const [staging, mirror] = [await start({ hides: false }), await start({ hides: true })];
    storeImage(staging.store, 'staging/app', wanted);
    storeImage(mirror.store, 'prod/app', wanted, ['v1']);
    expect((await run([staging, mirror], ['--confirm'])).code).toBe(0);
    expect(mirror.counters.counts().kinds).not.toHaveProperty('putManifest');
  });

  it('finds in staging what the list there does not show', async () => {
    const [staging, mirror] = [await start({ hides: true }), await start({ hides: false })];
    storeImage(staging.store, 'staging/app', wanted);
    const { code, stderr } = await run([staging, mirror], ['--confirm']);
    expect(code, stderr).toBe(0);
    expect(mirror.store.resolve('prod/app', 'v1')).toBe(digest);
  });

  it('calls nothing LOST that the mirrors have', async () => {
    const [staging, mirror] = [await start({ hides: false }), await start({ hides: true })];
    storeImage(mirror.store, 'prod/app', wanted, ['v1']);
    const { code, stderr } = await run([staging, mirror], ['--confirm']);
    expect(code, stderr).toBe(0);
  });
});

describe('kpromo cip with a registry that supports conditional writes', () => {
  it('does not overwrite a tag that somebody else writes between the look and the write', async () => {
    const [staging, mirror] = [
      await startRegistry({}),
      await startRegistry({
        conditionalWrites: true,
        fault: ({ kind, path }) => {
          if (kind === 'putManifest' && path.endsWith('/v1')) storeImage(mirror.store, 'prod/app', other, ['v1']);
          return undefined;
        },
      }),
    ];
    try {
      storeImage(staging.store, 'staging/app', wanted);
      await using tree = await writeTree([
        { name: 'app', from: `${staging.host}/staging`, to: [`${mirror.host}/prod`], entries: [['app', digest, 'v1']] },
      ]);
      const { code, summary } = await kpromo(['cip', '--thin-manifest-dir', tree.path, '--sign=false', '--confirm']);
      expect(code).toBe(1);
      expect(summary).toContain('TAG_MOVE');
      expect(mirror.store.resolve('prod/app', 'v1')).toBe(otherDigest);
    } finally {
      await Promise.all([staging.close(), mirror.close()]);
    }
  });
});
