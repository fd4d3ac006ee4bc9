import { describe, expect, it, onTestFinished } from 'vitest';
import { partsOf } from '../support/hostile/images.ts';
import { startHostile, type HostileAnswer } from '../support/hostile/server.ts';
import { SILENT_WRITES } from '../support/hostile/attacks.ts';
import { crumbs, silentOn, slowUploads } from '../support/hostile/slow.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { digestOf, imageOf, startWorld, type World } from './uses/world.ts';

/** One layer that is held in memory, and one that is passed on as it comes. */
const IMAGE = buildImage({ seed: 9, layers: [100_000, 16 * 1024 * 1024] });
const DIGEST = IMAGE.manifest.descriptor.digest;

/** Time passes so much faster for the program: half a minute is half a second. */
const SPEED = 60;

async function attacked(
  answer: HostileAnswer,
  projectOf: (world: World, host: string) => ProjectSpec,
): Promise<CipRun & { readonly asked: readonly string[] }> {
  const [world, evil] = await Promise.all([startWorld(), startHostile(answer)]);
  onTestFinished(async () => {
    await evil[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });
  storeImage(world.staging.store, 'staging/large', IMAGE);
  const projects = [world.project('honest', { v1: digestOf(1) }), projectOf(world, evil.host)];
  await using tree = await writeTree(projects);
  const run = await cip(['--confirm', '--sign=false', '--manifests', tree.path], { speed: SPEED });
  for (const tags of world.tagsOn('prod/app')) expect(tags).toMatchObject({ v1: digestOf(1) });
  return { ...run, asked: evil.asked };
}

describe('a registry that takes requests and answers none', () => {
  it('is asked about few of its repositories, and little twice', async () => {
    const asked: string[] = [];
    const silent: HostileAnswer = ({ url }) => {
      asked.push(url.pathname);
      return new Promise(() => undefined);
    };
    const { code, stderr } = await attacked(silent, (world, host) => ({
      ...world.project('evil', {}),
      to: [`${host}/prod`],
      entries: Array.from({ length: 200 }, (_, nth) => [`app-${nth}`, digestOf(2), 'v1'] as const),
    }));
    expect([code, stderr]).toEqual([1, expect.stringContaining('200 repositories could not be read')]);
    expect(asked.length).toBeLessThanOrEqual(40);
  });
});

describe('a registry that answers reads', () => {
  it.each(SILENT_WRITES)('is given up if it is silent on %s', async (_what, method, path) => {
    const { code, stderr, asked } = await attacked(silentOn(method, path), (world, host) => {
      for (let nth = 0; nth < 50; nth += 1) storeImage(world.staging.store, `staging/app-${nth}`, imageOf(2));
      const entries = Array.from({ length: 50 }, (_nothing, nth) => [`app-${nth}`, digestOf(2), 'v1'] as const);
      return { ...world.project('evil', {}), to: [`${host}/prod`], entries };
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('TIMEOUT')]);
    // At most two attempts of 25 s for each of the requests that one host is sent at a time.
    const silent = asked.filter((line) => line.startsWith(method) && path.test(line));
    expect(silent.length).toBeLessThanOrEqual(40);
  });
});

describe('a registry that gives or takes bytes in crumbs', () => {
  it.each([
    ['blobs', 'a connection'],
    ['blobs', 'a beat'],
    ['manifests', 'a beat'],
  ] as const)('is waited for no longer than its %s move: ten bytes %s', async (kind, form) => {
    const answer = crumbs(partsOf(IMAGE), (path) => path.includes(`/${kind}/`), form, 100);
    const { code, stderr } = await attacked(answer, (world, host) => ({
      ...world.project('evil', {}),
      from: `${host}/staging`,
      entries: [['evil', DIGEST, 'v1']],
    }));
    expect([code, stderr]).toEqual([1, expect.stringContaining('TOO_SLOW')]);
    expect(stderr).toMatch(/only \d+ bytes moved in half a minute/);
  });

  it.each([
    ['in crumbs', 100],
    ['not at all', 3_600_000],
  ])('is given up after two attempts if it reads an upload %s', async (_, beat) => {
    const { code, stderr, asked } = await attacked(slowUploads(beat), (world, host) => ({
      ...world.project('evil', {}),
      to: [`${host}/prod`],
      entries: [['large', DIGEST, 'v1']],
    }));
    expect([code, stderr]).toEqual([1, expect.stringMatching(/TOO_SLOW|REPLAY_NEEDED|STALLED|TIMEOUT/)]);
    // The config and two layers, twice each.
    expect(asked.filter((line) => line.startsWith('PUT')).length).toBeLessThanOrEqual(6);
  });
});
