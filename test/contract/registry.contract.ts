import { describe, expect, it } from 'vitest';
import { isPromotionError } from '../../src/errors.ts';
import type { Meter } from '../../src/http/fetch.ts';
import { MEDIA_TYPES } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import type { Call } from '../../src/registry/roles.ts';
import { buildImage, buildIndex } from '../support/registry/images.ts';
import { seededBytes } from '../support/registry/seeded.ts';
import {
  call,
  collect,
  describeDigest,
  tagsOf,
  workbench,
  type Bench,
  type ContractSkips,
  type ContractSubject,
} from './registry.subject.ts';
import { blobReadContract, blobWriteContract } from './registry.blobs.ts';
import { referrerContract } from './registry.referrers.ts';

/** The contract of every registry: one test for each sentence of src/registry/roles.ts. */
export function registryContract(name: string, open: () => Promise<ContractSubject>, skips: ContractSkips = {}): void {
  describe(`the registry contract on ${name}`, () => {
    const bench = workbench(open);
    manifestContract(bench, skips);
    errorContract(bench, skips);
    listingContract(bench);
    blobReadContract(bench, skips);
    blobWriteContract(bench, skips);
    referrerContract(bench, skips);
    callContract(bench);
  });
}

function manifestContract(bench: Bench, skips: ContractSkips): void {
  it('reads and resolves by tag and by digest what was written by tag, byte for byte', async () => {
    const repository = bench.repository();
    const { descriptor, bytes } = await bench.push(repository, buildImage({ seed: 1 }), 'v1.0');
    for (const reference of ['v1.0', descriptor.digest]) {
      const read = await bench.subject.registry.readManifest(repository, reference, call());
      expect(Buffer.from(read?.bytes ?? []).equals(bytes)).toBe(true);
      expect(read?.descriptor).toEqual(descriptor);
      expect(await bench.subject.registry.resolveManifest(repository, reference, call())).toMatchObject(descriptor);
    }
  });

  it('stores a manifest under its digest without any tag', async () => {
    const repository = bench.repository();
    const { digest } = buildImage({ seed: 2 }).manifest.descriptor;
    await bench.push(repository, buildImage({ seed: 2 }), digest);
    expect((await bench.subject.registry.readManifest(repository, digest, call()))?.descriptor.digest).toBe(digest);
    expect(tagsOf(await bench.subject.registry.listRepository(repository, call()))).toEqual([]);
  });

  it.for([
    ['Docker image', buildImage({ seed: 3, format: 'docker' })],
    ['OCI index', buildIndex([buildImage({ seed: 4 }), buildImage({ seed: 5, platform: 'linux/arm64' })])],
    ['Docker list', buildIndex([buildImage({ seed: 6, format: 'docker' })], 'docker')],
    ['index of indexes', buildIndex([buildIndex([buildImage({ seed: 7 })])])],
    ['manifest with more than ASCII', buildImage({ seed: 8, annotations: { note: 'é 漢 𝄞' } })],
  ] as const)('keeps type and bytes of a %s', async ([, image]) => {
    const repository = bench.repository();
    await bench.push(repository, image, 'latest');
    const read = await bench.subject.registry.readManifest(repository, 'latest', call());
    expect(read?.descriptor).toEqual(image.manifest.descriptor);
    expect(Buffer.from(read?.bytes ?? []).equals(image.manifest.bytes)).toBe(true);
  });

  it('keeps white space and the order of fields, because the digest depends on them', async () => {
    const repository = bench.repository();
    const image = buildImage({ seed: 9 });
    await bench.push(repository, image);
    const bytes = Buffer.from(
      JSON.stringify(JSON.parse(Buffer.from(image.manifest.bytes).toString('utf8')), undefined, 3),
    );
    const manifest = { bytes, descriptor: { mediaType: MEDIA_TYPES.ociManifest, ...describeDigest(bytes) } };
    await bench.subject.registry.writeManifest(repository, 'spaced', manifest, call());
    expect((await bench.subject.registry.readManifest(repository, 'spaced', call()))?.descriptor.digest).toBe(
      manifest.descriptor.digest,
    );
  });

  it('moves a tag and keeps the manifest that it pointed to', async () => {
    const repository = bench.repository();
    const first = await bench.push(repository, buildImage({ seed: 10 }), 'stable');
    const second = await bench.push(repository, buildImage({ seed: 11 }), 'stable');
    expect(await bench.subject.registry.resolveManifest(repository, 'stable', call())).toMatchObject(second.descriptor);
    expect(await bench.subject.registry.resolveManifest(repository, first.descriptor.digest, call())).toMatchObject(
      first.descriptor,
    );
  });

  it('returns undefined for an unknown repository, tag and digest', async () => {
    const repository = bench.repository();
    await bench.push(repository, buildImage({ seed: 12 }), 'here');
    const absent = digestOf(Buffer.from('absent'));
    for (const [where, reference] of [
      [repository, 'gone'],
      [repository, absent],
      [`${repository}/below`, 'here'],
      [bench.repository(), 'here'],
    ] as const) {
      expect(await bench.subject.registry.readManifest(where, reference, call())).toBeUndefined();
      expect(await bench.subject.registry.resolveManifest(where, reference, call())).toBeUndefined();
    }
  });

  it('rejects a manifest under a digest that is not its own', async (context) => {
    context.skip(skips['manifest by wrong digest'] !== undefined, skips['manifest by wrong digest']);
    const repository = bench.repository();
    await bench.push(repository, buildImage({ seed: 14 }));
    const wrong = digestOf(Buffer.from('something else'));
    const writing = bench.subject.registry.writeManifest(repository, wrong, buildImage({ seed: 14 }).manifest, call());
    await expect(writing).rejects.toSatisfy((error) => isPromotionError(error));
    expect(await bench.subject.registry.readManifest(repository, wrong, call())).toBeUndefined();
  });

  it('rejects a manifest whose blobs are missing', async (context) => {
    context.skip(skips['missing blobs'] !== undefined, skips['missing blobs']);
    const repository = bench.repository();
    const writing = bench.subject.registry.writeManifest(
      repository,
      'early',
      buildImage({ seed: 13 }).manifest,
      call(),
    );
    await expect(writing).rejects.toSatisfy((error) => isPromotionError(error) && error.code !== 'NOT_FOUND');
    expect(await bench.subject.registry.readManifest(repository, 'early', call())).toBeUndefined();
  });
}

function errorContract(bench: Bench, skips: ContractSkips): void {
  const cases = [
    ['401', 'unauthorized', 'UNAUTHORIZED'],
    ['403', 'denied', 'DENIED'],
  ] as const;
  it.for(cases)('throws on %s although 404 would be undefined or empty', async ([status, key, code], context) => {
    context.skip(skips[status] !== undefined, skips[status]);
    const repository = bench.subject[key];
    if (repository === undefined)
      throw new Error(`the subject names no repository for ${status} and gives no reason to skip it`);
    const { registry } = bench.subject;
    const digest = digestOf(Buffer.from('any'));
    const calls: readonly (() => Promise<unknown>)[] = [
      () => registry.readManifest(repository, 'latest', call()),
      () => registry.resolveManifest(repository, 'latest', call()),
      () => registry.listRepository(repository, call()),
      () => registry.listReferrers(repository, digest, call()),
      () => collect(registry.readBlob(repository, { mediaType: 'any', digest, size: 3 }, call())),
      () => registry.startBlob(repository, { mediaType: 'any', digest, size: 3 }, undefined, call()),
      () => registry.writeManifest(repository, 'latest', buildImage({ seed: 15 }).manifest, call()),
    ];
    for (const run of calls) await expect(run()).rejects.toMatchObject({ code });
  });
}

function listingContract(bench: Bench): void {
  it('lists all tags of a repository and none of its neighbours', async () => {
    const repository = bench.repository();
    const image = buildImage({ seed: 16 });
    await bench.push(repository, image, 'a', 'b', 'z9.9_9-x');
    await bench.push(`${repository}/below`, image, 'deep');
    await bench.push(`${repository}-amd64`, image, 'sibling');
    expect(tagsOf(await bench.subject.registry.listRepository(repository, call()))).toEqual(['a', 'b', 'z9.9_9-x']);
  });

  it('lists more tags than fit on a page', async () => {
    const repository = bench.repository();
    const tags = Array.from({ length: 23 }, (_, index) => `t${String(index).padStart(2, '0')}`);
    await bench.push(repository, buildImage({ seed: 17 }), ...tags);
    expect(tagsOf(await bench.subject.registry.listRepository(repository, call()))).toEqual(tags);
  });

  it('lists digests with their tags and types if the registry provides them', async (context) => {
    context.skip(bench.subject.listing !== 'digests', 'the registry lists tags only');
    const repository = bench.repository();
    const tagless = await bench.push(
      repository,
      buildImage({ seed: 18 }),
      buildImage({ seed: 18 }).manifest.descriptor.digest,
    );
    const tagged = await bench.push(repository, buildImage({ seed: 19 }), 'b', 'a');
    const listing = await bench.subject.registry.listRepository(repository, call());
    if (listing.kind !== 'digests') throw new Error(`listed ${listing.kind}`);
    expect([...listing.manifests.keys()].toSorted()).toEqual(
      [tagless.descriptor.digest, tagged.descriptor.digest].toSorted(),
    );
    expect(listing.manifests.get(tagless.descriptor.digest)).toMatchObject({
      tags: [],
      mediaType: MEDIA_TYPES.ociManifest,
    });
    expect([...(listing.manifests.get(tagged.descriptor.digest)?.tags ?? [])].toSorted()).toEqual(['a', 'b']);
  });

  it('lists a known repository with the API of its kind', async () => {
    const repository = bench.repository();
    await bench.push(repository, buildImage({ seed: 20 }), 'v1');
    expect((await bench.subject.registry.listRepository(repository, call())).kind).toBe(bench.subject.listing);
  });

  it('lists the repositories at and below a name, and none of its neighbours', async () => {
    const root = bench.repository();
    const image = buildImage({ seed: 39 });
    const inside = [root, `${root}/below`, `${root}/below/deep`, `${root}/other`];
    for (const repository of [...inside, `${root}-sibling`]) await bench.push(repository, image, 'v1');
    const { registry } = bench.subject;
    expect((await registry.listRepositories(root, call())).toSorted()).toEqual(inside);
    expect(await registry.listRepositories(`${root}/below/deep`, call())).toEqual([`${root}/below/deep`]);
    expect(await registry.listRepositories(bench.repository(), call())).toEqual([]);
    const listing = await registry.listRepository(root, call());
    const children = listing.kind === 'digests' ? [...(listing.children ?? [])].toSorted() : undefined;
    expect(children).toEqual(bench.subject.listing === 'digests' ? ['below', 'other'] : undefined);
  });

  it('lists an unknown repository as empty', async () => {
    const listing = await bench.subject.registry.listRepository(bench.repository(), call());
    expect(listing.kind === 'tags' ? listing.tags.size : listing.manifests.size).toBe(0);
  });
}

function callContract(bench: Bench): void {
  it('rejects calls whose signal has aborted, and writes nothing', async () => {
    const repository = bench.repository();
    const stopped: Call = { signal: AbortSignal.abort(new Error('stopped by the test')) };
    const image = buildImage({ seed: 36 });
    await bench.push(repository, image, 'v1');
    await expect(bench.subject.registry.readManifest(repository, 'v1', stopped)).rejects.toThrow();
    await expect(bench.subject.registry.writeManifest(repository, 'v2', image.manifest, stopped)).rejects.toThrow();
    expect(await bench.subject.registry.resolveManifest(repository, 'v2', call())).toBeUndefined();
  });

  it('counts requests and bytes on the meter of the call', async () => {
    const repository = bench.repository();
    const blob = await bench.pushBlob(repository, seededBytes(5000, 37));
    const meter: Meter = { requests: 0, bytes: 0 };
    await collect(bench.subject.registry.readBlob(repository, blob, { ...call(), meter }));
    expect(meter.requests).toBeGreaterThanOrEqual(1);
    expect(meter.bytes).toBeGreaterThanOrEqual(5000);
  });
}
