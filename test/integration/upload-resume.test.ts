import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import type { CopyResult } from '../../src/registry/copying/copier.ts';
import {
  codesOf,
  digestIn,
  expectImage,
  layerOf,
  once,
  STAGED,
  startCopying,
  targetOn,
  type Copying,
} from '../support/copying.ts';
import { startCuttingRelay } from '../support/cutting-relay.ts';
import { orSkip } from '../support/programs.ts';
import { startDistribution, startDistribution3, type RealRegistry } from '../support/real-registries.ts';
import type { LogEntry } from '../support/registry/counters.ts';
import type { Fault, FaultHook } from '../support/registry/faults.ts';
import { buildImage, storeImage, type BuiltImage } from '../support/registry/images.ts';

const MIB = 1024 * 1024;
const LARGE = buildImage({ seed: 41, layers: [64 * MIB] });
const LAYER = layerOf(LARGE);

/** Just large enough to be resumed, and where it breaks off. */
const [SIZE, CUT] = [6 * MIB, 4 * MIB];
const SMALLER = buildImage({ seed: 42, layers: [SIZE] });

/** For real registries, which keep of a cut upload only what they had read: cut at its middle, it is large enough on a busy machine. */
const REAL_SIZE = 12 * MIB;
const REAL = buildImage({ seed: 43, layers: [REAL_SIZE] });

/** What a socket may hold that was sent and never arrived. */
const ON_THE_WAY = 8 * MIB;

let world: Copying;
let result: CopyResult;
beforeEach(async () => {
  world = await startCopying();
});
afterEach(() => world[Symbol.asyncDispose]());

const layerPuts = (): LogEntry[] =>
  world.mirrors[0].counters.log.filter(
    (entry) => entry.kind === 'put' && [LAYER, layerOf(SMALLER)].some((layer) => layer === digestIn(entry)),
  );
const sent = (): number => layerPuts().reduce((sum, { bytesIn }) => sum + bytesIn, 0);
const kinds = (): Record<string, number> => world.mirrors[0].counters.counts().kinds;

/** Copies an image to one mirror, whose registry does this to the layer's first body, and that to the requests that come after. */
async function copyBroken(image: BuiltImage, fault: Fault, others: FaultHook = () => undefined): Promise<void> {
  const digest = storeImage(world.source.store, STAGED, image).digest;
  const broken = once((request) =>
    request.kind === 'put' && digestIn(request) === layerOf(image) ? fault : undefined,
  );
  world.mirrors[0].inject(async (request) => (await broken(request)) ?? others(request));
  result = await world.copy(digest, [targetOn(world.mirrors[0])]);
  expect(codesOf(result)).toEqual([undefined]);
  expectImage(world.mirrors[0].store, image, 'v1');
  expect(world.mirrors[0].openUploads()).toBe(0);
}

describe('resumed uploads', () => {
  it('go on where the registry stopped, on the wire and at the source', async () => {
    await copyBroken(LARGE, { cutAfter: 32 * MIB });
    expect(sent()).toBe(64 * MIB);
    expect(layerPuts().map(({ headers }) => headers['content-range'])).toEqual([
      undefined,
      `${32 * MIB}-${64 * MIB - 1}`,
    ]);
    expect(kinds()).toMatchObject({ postUpload: 2, getUpload: 1, put: 3 });
    expect(kinds()['deleteUpload']).toBeUndefined();
    const [, again] = world.source.counters.log.filter(({ reference }) => reference === LAYER);
    // From the last mark on, which is at most a MiB and a chunk earlier.
    expect(again?.bytesOut).toBeLessThan(34 * MIB);
    // The first attempt's bytes are counted as they left, not as they arrived.
    expect(result.mirrors[0]?.meter.bytes).toBeLessThan(64 * MIB + ON_THE_WAY);
    expect(result.mirrors[0]?.attempts).toBe(2);
  });

  it('survive more breaks than a blob may have uploads, as long as each brings it further', async () => {
    const digest = storeImage(world.source.store, STAGED, LARGE).digest;
    world.mirrors[0].inject(({ kind, path }) =>
      kind === 'put' && digestIn({ path }) === LAYER ? { cutAfter: 9 * MIB } : undefined,
    );
    result = await world.copy(digest, [targetOn(world.mirrors[0])]);
    expect(codesOf(result)).toEqual([undefined]);
    expect(layerPuts()).toHaveLength(8);
    expect(sent()).toBe(64 * MIB);
  });

  it.each([
    ['404', { status: 404 }],
    ['405', { status: 405 }],
    ['416', { status: 416 }],
    ['200', { status: 200, headers: { range: '0-1048575' } }],
    ['no range', { status: 204 }],
    ['a range of nothing', { status: 204, headers: { range: '0-0' } }],
    ['a range beyond the end', { status: 204, headers: { range: `0-${SIZE}` } }],
    ['a range from elsewhere', { status: 204, headers: { range: '5-1048575' } }],
  ] as const)('begin anew, and give the old one up, where the registry answers %s', async (_, status) => {
    await copyBroken(SMALLER, { cutAfter: CUT }, ({ kind }) => (kind === 'getUpload' ? status : undefined));
    expect(sent()).toBe(CUT + SIZE);
    expect(kinds()).toMatchObject({ postUpload: 3, getUpload: 1, deleteUpload: 1 });
  });

  it('begin anew once where the registry has kept less than it says', async () => {
    await copyBroken(SMALLER, { status: 500 }, ({ kind }) =>
      kind === 'getUpload' ? { status: 204, headers: { range: `0-${CUT - 1}` } } : undefined,
    );
    // It answers 416 to the part, and then tells the same again.
    expect(kinds()).toMatchObject({ postUpload: 3, getUpload: 2, put: 4, deleteUpload: 1 });
  });

  it('begin anew once where the digest is wrong in the end', async () => {
    let told = false;
    await copyBroken(SMALLER, { cutAfter: CUT }, ({ kind }) => {
      if (kind === 'getUpload') told = true;
      const refused = kind === 'put' && told;
      told &&= !refused;
      return refused ? { status: 400, readBody: true, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' } : undefined;
    });
    expect(kinds()).toMatchObject({ postUpload: 3, getUpload: 1, put: 4, deleteUpload: 1 });
    expect(layerPuts().map(({ headers }) => headers['content-range'] !== undefined)).toEqual([false, true, false]);
  });
});

describe('broken uploads to registries that others wrote', () => {
  /** Cuts the first upload to a registry at its middle, and returns what was sent in all. */
  async function sentTo(real: RealRegistry): Promise<number> {
    onTestFinished(() => real.stop());
    await using relay = await startCuttingRelay(real.address, REAL_SIZE / 2);
    const digest = storeImage(world.source.store, STAGED, REAL).digest;
    const path = randomUUID();
    const target = { repository: `${relay.host}/${path}`, action: 'copy', tags: ['v1'], isNew: true } as const;
    result = await world.copy(digest, [target]);
    expect(codesOf(result)).toEqual([undefined]);
    expect(result.mirrors[0]?.attempts).toBeGreaterThan(1);
    const stored = await fetch(`http://${real.address}/v2/${path}/blobs/${layerOf(REAL)}`);
    expect(digestOf(new Uint8Array(await stored.arrayBuffer()))).toBe(layerOf(REAL));
    return relay.sent();
  }

  it('are gone on with on distribution 3', async (context) => {
    const total = await sentTo(await orSkip(context, () => startDistribution3()));
    expect(total).toBeGreaterThan(REAL_SIZE);
    expect(total).toBeLessThan(REAL_SIZE + 2 * MIB);
  });

  it('are begun anew on distribution 2.8, which drops an upload that is asked for after it broke off', async (context) => {
    const total = await sentTo(await orSkip(context, () => startDistribution()));
    expect(total).toBeGreaterThan(1.5 * REAL_SIZE);
    expect(total).toBeLessThan(1.5 * REAL_SIZE + 2 * MIB);
  });
});
