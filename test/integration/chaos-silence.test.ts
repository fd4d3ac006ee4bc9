import { describe, expect, it } from 'vitest';
import { openQuota } from '../support/promotion/quota-run.ts';
import type { AuthOptions } from '../support/registry/auth.ts';
import type { Fault } from '../support/registry/faults.ts';
import type { RequestKind } from '../support/registry/route.ts';

/** A timeout of a minute takes two seconds. */
const SPEED = 30;

/** The default timeouts in milliseconds (docs/registry-config.md). */
const [HEADERS, IDLE] = [60_000, 30_000];

/** The rest of the run, a wait before the next attempt, and most of a second of a busy machine. */
const SLACK = 25_000;

const MIB = 1024 * 1024;

/** More than the buffers of a connection, so that a server that reads nothing stops the sender. */
const LARGE = 16 * MIB;

type Silence = readonly [when: string, kind: RequestKind, fault: Fault, layer: number, costs: number];

const SILENCES: readonly Silence[] = [
  ['before the answer to a token request', 'token', 'silent', 100, HEADERS],
  ['before the header of a listing', 'list', 'silent', 100, HEADERS],
  ['before the header of a manifest', 'getManifest', 'silent', 100, HEADERS],
  ['in the middle of a blob', 'getBlob', 'stall', 100, IDLE],
  ['in the middle of an upload', 'put', { bytesPerSecond: 1 }, LARGE, IDLE],
  ['after an upload', 'put', 'silent', 100, HEADERS],
];

describe('R20 a promotion and a socket that falls silent', () => {
  it.each(SILENCES)('%s: goes on after that timeout, and no later', async (_, wanted, fault, layer, costs) => {
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
    expect(ms).toBeGreaterThanOrEqual(costs);
    // Tokens are asked for at the source and at the mirror, one after the other.
    expect(ms).toBeLessThan(costs * (wanted === 'token' ? 2 : 1) + SLACK);
  });
});
