import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measure, type Measured } from '../../bench/measure.ts';
import { ensureBuilt, KPROMO } from '../support/built-cli.ts';
import { openQuota } from '../support/promotion/quota-run.ts';
import type { AuthOptions } from '../support/registry/auth.ts';
import { writeTree } from '../support/promotion/tree.ts';
import type { Fault } from '../support/registry/faults.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import type { RequestKind } from '../support/registry/route.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';

/** A timeout of half a minute takes a second. */
const SPEED = 30;

/** The default timeouts in milliseconds (docs/registry-config.md). */
const [ANSWER, IDLE] = [25_000, 25_000];

/** The least silence in milliseconds after which a read is sent again on another connection. */
const HEDGED = 2_000;

const MIB = 1024 * 1024;

/** More than the buffers of a connection, so that a server that reads nothing stops the sender. */
const LARGE = 16 * MIB;

type Silence = readonly [when: string, kind: RequestKind, fault: Fault, layer: number, costs: number];

const SILENCES: readonly Silence[] = [
  ['before the answer to a token request', 'token', 'silent', 100, HEDGED],
  ['before the header of a listing', 'list', 'silent', 100, HEDGED],
  ['before the header of a manifest', 'getManifest', 'silent', 100, HEDGED],
  ['in the middle of a blob', 'getBlob', 'stall', 100, IDLE],
  ['in the middle of an upload', 'put', { bytesPerSecond: 1 }, LARGE, IDLE],
  ['after an upload', 'put', 'silent', 100, ANSWER],
];

/** Layers of so many images, each held in memory while it is sent, would be 192 MiB. */
const MANY = 48;
const HELD = 4 * MIB;

/** The runtime and the program, the 64 MiB that all blobs held may take, and what the sockets buffer. */
const PEAK_MIB = 280;

/** What one registry is asked at once by default. */
const CONCURRENCY = 20;

/** The first upload of each layer falls silent; returns how many did. */
function silenceUploads(mirror: TestRegistry): () => number {
  const seen = new Set<string>();
  mirror.inject(({ kind, headers, path }) => {
    const digest = new URL(path, 'http://mirror').searchParams.get('digest') ?? '';
    if (kind !== 'put' || Number(headers['content-length']) < HELD || seen.has(digest)) return undefined;
    seen.add(digest);
    return 'silent';
  });
  return () => seen.size;
}

/** Promotes from the first registry to the others, in a process of its own, with short timeouts, which a busy machine keeps. */
async function promoteApart([staging, ...mirrors]: readonly TestRegistry[]): Promise<Measured> {
  if (staging === undefined) throw new Error('no registry was started');
  const entries = Array.from({ length: MANY }, (_, index) => {
    const { digest } = storeImage(staging.store, 'staging/app', buildImage({ seed: 100 + index, layers: [HELD] }));
    return ['app', digest, `v${index}`] as const;
  });
  const to = mirrors.map(({ host }) => `${host}/prod`);
  await using tree = await writeTree([{ name: 'p', from: `${staging.host}/staging`, to, entries }]);
  const config = join(tree.path, 'registries.yaml');
  const timeouts = { headers: '1s', idle: '1s' };
  const registries = mirrors.map(({ host }) => ({ match: host, timeouts }));
  await writeFile(config, JSON.stringify({ version: 1, registries }));
  const args = ['--thin-manifest-dir', tree.path, '--registry-config', config, '--threads', String(MANY)];
  const measured = await measure({
    program: KPROMO,
    args: ['cip', '--confirm', '--sign=false', ...args],
    env: { HOME: tree.path },
  });
  // Not before the program has ended is the tree taken away.
  return measured;
}

describe('R20 a promotion and a socket that falls silent', () => {
  it.each(SILENCES)('%s: continues after that timeout', async (_, wanted, fault, layer, costs) => {
    const auth: AuthOptions = { scheme: 'bearer', allow: () => ['pull', 'push'] };
    await using world = await openQuota({ mirrors: 1, images: 2, layer, speed: SPEED, auth });
    for (const registry of [world.staging, ...world.mirrors]) {
      let hit = false;
      registry.inject(({ kind, headers }) => {
        const isSmall = kind === 'put' && Number(headers['content-length']) < layer;
        if (kind !== wanted || isSmall || hit) return undefined;
        hit = true;
        return fault;
      });
    }
    const { code, stderr, ms } = await world.run();
    expect(code, stderr).toBe(0);
    expect(Object.keys(world.mirrors[0]?.snapshot()['prod/app']?.tags ?? {})).toEqual(['v0', 'v1']);
    // Not more than that, which a busy machine may take: `stage-timers.test.ts` shows that no timeout ends later.
    expect(ms).toBeGreaterThanOrEqual(costs);
  });

  // The peak of a process is read from /proc.
  it.skipIf(process.platform !== 'linux')(
    'holds no more than its bounds while every upload falls silent once',
    async () => {
      await ensureBuilt();
      const registries = await startRegistries(2, { keepUploadsBelow: MIB });
      try {
        const [, ...mirrors] = registries;
        const silenced = mirrors.map(silenceUploads);
        const { exit, lastWords, peakMiB } = await promoteApart(registries);
        expect(exit, lastWords).toBe(0);
        expect(silenced.map((count) => count())).toEqual([MANY]);
        for (const mirror of mirrors) {
          expect(Object.keys(mirror.snapshot()['prod/app']?.tags ?? {})).toHaveLength(MANY);
          expect(mirror.counters.counts().concurrency).toBeLessThanOrEqual(CONCURRENCY);
        }
        expect(peakMiB).toBeLessThan(PEAK_MIB);
      } finally {
        await Promise.all(registries.map((registry) => registry.close()));
      }
    },
  );
});
