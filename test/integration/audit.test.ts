import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PROMOTION_RECORD } from '../../src/attest/formats/record.ts';
import { SIGNATURE } from '../../src/attest/formats/statement.ts';
import { findProgram, orSkip, type Skippable } from '../support/programs.ts';
import { auditWorld, digestOf, IMAGES, type AuditWorld } from '../support/promotion/audit-world.ts';
import { startDistributions, startReferrersRegistry, type RealRegistry } from '../support/real-registries.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import { startRegistries } from '../support/registry/server.ts';

/** One change of production after another, each with the one difference that it makes. */
const CHANGES: readonly (readonly [what: string, expected: string, change: Change])[] = [
  [
    'an image that no mirror has',
    'MISSING prod/gone v1 v1.0',
    async ({ production, mirrors }) => {
      for (const host of mirrors) await production.remove(host, 'prod/gone', digestOf(IMAGES.gone), 'v1', 'v1.0');
    },
  ],
  [
    'an image that one mirror lacks',
    'PARTIAL prod/part v1',
    ({ production, mirrors }) => production.remove(mirrors[1], 'prod/part', digestOf(IMAGES.part), 'v1'),
  ],
  [
    'an index that the primary lacks',
    'PARTIAL prod/index v2',
    ({ production, mirrors }) => production.remove(mirrors[0], 'prod/index', digestOf(IMAGES.index), 'v2'),
  ],
  [
    'a tag that names another digest',
    'MOVED prod/moved v2',
    ({ production, mirrors }) => production.push(mirrors[1], 'prod/moved', IMAGES.old, ['v2']),
  ],
  [
    'a tag that no manifest names',
    'EXTRA prod/moved stray',
    ({ production, mirrors }) => production.push(mirrors[0], 'prod/moved', IMAGES.unrecorded, ['stray']),
  ],
  [
    'a further tag of an image of the tree',
    'EXTRA prod/sub/lib latest',
    ({ production, mirrors }) => production.push(mirrors[1], 'prod/sub/lib', IMAGES['sub/lib'], ['latest']),
  ],
  [
    'a repository that no manifest names',
    'EXTRA prod/sub/lib/below x',
    ({ production, mirrors }) => production.push(mirrors[1], 'prod/sub/lib/below', IMAGES.gone, ['x']),
  ],
  [
    'an image that left the tree',
    'UNMANAGED prod/old v0',
    async ({ production, mirrors }) => {
      for (const host of mirrors) await production.push(host, 'prod/old', IMAGES.old, ['v0']);
    },
  ],
  [
    'an image without a signature',
    'UNSIGNED prod/unsigned v1',
    async ({ production, mirrors: [primary] }) => {
      const digest = digestOf(IMAGES.unsigned);
      const tag = `${digest.replace(':', '-')}.sig`;
      const signature = await production.read(primary, 'prod/unsigned', tag);
      await production.remove(primary, 'prod/unsigned', signature?.digest ?? '', tag);
      await production.detach(primary, 'prod/unsigned', digest, SIGNATURE);
    },
  ],
  [
    'an image without a promotion record',
    'UNRECORDED prod/unrecorded v1',
    ({ production, mirrors: [primary] }) =>
      production.detach(primary, 'prod/unrecorded', digestOf(IMAGES.unrecorded), PROMOTION_RECORD),
  ],
];

type Change = (world: AuditWorld) => Promise<void>;
type Hosts = readonly [staging: string, primary: string, mirror: string];

async function started(
  test: Skippable,
  start: () => Promise<readonly { readonly stop: () => Promise<void>; readonly address: string }[]>,
): Promise<Hosts> {
  const registries = await orSkip(test, start);
  onTestFinished(async () => void (await Promise.all(registries.map((one) => one.stop()))));
  return registries.map(({ address }) => address) as unknown as Hosts;
}

async function ours(options: RegistryOptions): Promise<readonly RealRegistry[]> {
  const registries = await startRegistries(3, options);
  return registries.map(({ host, close }) => ({ address: host, stop: close }));
}

const KINDS: Readonly<Record<string, () => Promise<readonly RealRegistry[]>>> = {
  'distribution 2.8, which lists tags only and no referrers': () => startDistributions(3),
  'the Google listing with the referrers API': () => ours({ google: true }),
  'the Google listing with fallback tags and without a catalog': () =>
    ours({ google: true, referrers: false, catalog: false }),
  'tags and the referrers API': () =>
    'path' in findProgram('referrers-registry')
      ? Promise.all(Array.from({ length: 3 }, () => startReferrersRegistry()))
      : ours({}),
};

describe.each(Object.keys(KINDS))('an audit of %s', (kind) => {
  const start = KINDS[kind] ?? (() => ours({}));

  // Which change makes which difference is the same everywhere: one kind shows it, the others only all of them.
  const isStepwise = kind === 'the Google listing with the referrers API';

  it('finds no difference in what was promoted, and then exactly the one that each change makes', async (test) => {
    const [staging, ...mirrors] = await started(test, start);
    const { audit, codes, ...world } = await auditWorld(staging, mirrors, { root: `${randomUUID()}/` });
    const clean = await audit();
    expect([clean.code, clean.stdout]).toEqual([
      0,
      expect.stringContaining('7 images in 14 repositories compared: no difference\n'),
    ]);
    expect(await codes('--untagged')).toEqual([]);
    const expected: string[] = [];
    for (const [what, difference, change] of CHANGES) {
      await change({ ...world, audit, codes });
      expected.push(difference);
      if (isStepwise) expect(await codes(), what).toEqual(expected.toSorted());
    }
    expect(await codes('--untagged')).toEqual(expected.toSorted());
    expect((await audit()).code).toBe(2);
  });
});
