import { describe, expect, it } from 'vitest';
import { openQuota } from '../support/promotion/quota-run.ts';
import { hash } from '../support/promotion/chaos.ts';
import type { AuthOptions } from '../support/registry/auth.ts';
import type { Fault } from '../support/registry/faults.ts';
import type { RequestKind } from '../support/registry/route.ts';

/** Waits are of no interest where this is used. */
const HASTE = 50;

const RETRIES = /^warning Transient error \(will retry\)/;

describe('a promotion and the limits of its registries', () => {
  const refusals: readonly (readonly [string, Record<string, string>])[] = [
    ['without Retry-After', {}],
    ['with Retry-After', { 'retry-after': '2' }],
  ];
  it.each(refusals)('R8 completes, and leaves other regions alone, where one answers 429 %s', async (_, headers) => {
    const auth: AuthOptions = { scheme: 'bearer', allow: () => ['pull', 'push'] };
    const spec = { mirrors: 2, images: 4, speed: HASTE, auth } as const;
    await using calm = await openQuota(spec);
    expect(await calm.run()).toMatchObject({ code: 0 });
    const refused: readonly RequestKind[] = ['token', 'list', 'headManifest', 'postUpload', 'put', 'putManifest'];
    await using world = await openQuota(spec);
    const [region, other] = world.mirrors;
    region?.inject(({ kind, nth }) => (refused.includes(kind) && nth <= 3 ? { status: 429, headers } : undefined));
    const { code, stderr } = await world.run();
    expect(code, stderr).toBe(0);
    expect(region?.snapshot()).toEqual(calm.mirrors[0]?.snapshot());
    expect(region?.counters.counts().statuses['429']).toBe(refused.length * 3);
    expect(other?.snapshot()).toEqual(calm.mirrors[1]?.snapshot());
    expect(other?.counters.counts().requests).toBe(calm.mirrors[1]?.counters.counts().requests);
  });

  it('costs at most a tenth more requests where 2 % of the answers are 500, each of them one short wait', async () => {
    const spec = { mirrors: 2, images: 30, speed: HASTE } as const;
    await using calm = await openQuota(spec);
    expect(await calm.run()).toMatchObject({ code: 0 });
    await using world = await openQuota(spec);
    let failed = 0;
    const all = [world.staging, ...world.mirrors];
    for (const [index, registry] of all.entries()) {
      registry.inject(({ kind, nth }): Fault | undefined => {
        if (hash(`500 ${index} ${kind} ${nth}`) >= 0.02) return undefined;
        failed += 1;
        return { status: 500 };
      });
    }
    const { code, stderr, log } = await world.run();
    expect(code, stderr).toBe(0);
    expect(failed).toBeGreaterThan(5);
    const total = (registries: typeof all): number =>
      registries.reduce((sum, { counters }) => sum + counters.counts().requests, 0);
    expect(total(all)).toBeLessThan(1.1 * total([calm.staging, ...calm.mirrors]));
    expect(log.filter((line) => RETRIES.test(line)).length).toBeLessThanOrEqual(failed);
  });

  it('fails only the origin that asks for a longer pause than --max-wait, and tells when it ends', async () => {
    await using world = await openQuota({ mirrors: 2, images: 3, speed: HASTE });
    const [busy, other] = world.mirrors;
    if (busy === undefined || other === undefined) throw new Error('there are two');
    busy.inject(({ kind }) =>
      kind === 'postUpload' ? { status: 429, headers: { 'retry-after': '3600' } } : undefined,
    );
    const { code, summary, ms } = await world.run();
    expect(code).toBe(1);
    expect(summary).toMatch(new RegExp(`PAUSED_TOO_LONG 3 images: app@.*${busy.host}`, 's'));
    expect(summary).toContain(`  ${busy.host}: 3 references not written`);
    expect(summary).toMatch(/retry after \d{4}-\d\d-\d\dT\d\d:\d\d/);
    expect(summary).not.toContain(`${other.host}: `);
    expect(Object.keys(other.snapshot()['prod/app']?.tags ?? {})).toHaveLength(3);
    // It does not wait to find out.
    expect(ms).toBeLessThan(600_000);
  });
});
