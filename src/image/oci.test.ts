import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildImage, buildIndex } from '../../test/support/registry/images.ts';
import type { Manifest } from './descriptor.ts';
import { digestOf } from './digest.ts';
import { readOci } from './oci.ts';

const image = buildImage({ seed: 1 });
const index = buildIndex([image, buildImage({ seed: 2, platform: 'linux/arm64' })]);

function served(bytes: Uint8Array, { descriptor }: Manifest): Manifest {
  return { bytes, descriptor: { ...descriptor, digest: digestOf(bytes), size: bytes.length } };
}

/** The digests that a program names which takes keys in any case, and the last of several, as Go's do. */
function namedByGo(bytes: Uint8Array): readonly unknown[] {
  const fold = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fold);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.toLowerCase(), fold(one)]));
  };
  const document = fold(JSON.parse(Buffer.from(bytes).toString('utf8'))) as Record<string, unknown>;
  const digests = (list: unknown): unknown[] =>
    Array.isArray(list) ? list.map((one) => (one as { digest?: unknown } | null)?.digest) : [];
  return [...digests([document['config'] ?? {}]), ...digests(document['layers']), ...digests(document['manifests'])];
}

/** A manifest of which some keys are written otherwise, are there twice, or have another value. */
const mutated = fc
  .record({
    of: fc.constantFrom(image.manifest, index.manifest),
    key: fc.constantFrom(
      'schemaVersion',
      'mediaType',
      'config',
      'layers',
      'manifests',
      'digest',
      'size',
      'platform',
      'os',
    ),
    how: fc.constantFrom('capital', 'upper', 'twice', 'other', 'gone'),
    value: fc.jsonValue({ maxDepth: 2 }),
  })
  .map(({ of, key, how, value }) => {
    const text = Buffer.from(of.bytes).toString('utf8');
    const written = {
      capital: `"${key[0]?.toUpperCase()}${key.slice(1)}":`,
      upper: `"${key.toUpperCase()}":`,
      twice: `"${key}":${JSON.stringify(value)},"${key}":`,
      other: `"${key}":${JSON.stringify(value)},"was":`,
      gone: `"x-${key}":`,
    }[how];
    return served(Buffer.from(text.replace(`"${key}":`, () => written)), of);
  });

const namedIn = (manifest: Manifest): readonly unknown[] | undefined => {
  const read = readOci(manifest);
  if (read.kind === 'unread') return undefined;
  const all = read.kind === 'index' ? read.children : [read.config, ...read.layers];
  return all.map(({ digest }) => digest);
};

describe('src/image/oci.ts', () => {
  it('names the same content as every client, or rejects the manifest with a reason', () => {
    let accepted = 0;
    fc.assert(
      fc.property(mutated, (manifest) => {
        const named = namedIn(manifest);
        if (named === undefined) return;
        accepted += 1;
        expect(named).toEqual(namedByGo(manifest.bytes).filter((digest) => digest !== undefined));
      }),
      { seed: 12, numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(20);
  });

  it('rejects any other bytes without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.json(), (bytes, json) => {
        for (const some of [bytes, Buffer.from(json)])
          for (const { manifest } of [image, index]) expect(readOci(served(some, manifest)).kind).toBe('unread');
      }),
      { seed: 12 },
    );
  });

  it('reads an image and an index', () => {
    expect(namedIn(image.manifest)).toEqual(image.blobs.map(({ descriptor }) => descriptor.digest));
    const read = readOci(index.manifest);
    expect(read.kind === 'index' && read.children.map(({ platform }) => platform)).toEqual([
      'linux/amd64',
      'linux/arm64',
    ]);
  });
});
