import { readFileSync } from 'node:fs';
import { isDigest } from '../../src/image/digest.ts';
import type { RegistryStore, StoredManifest } from './memory-registry/store.ts';

/** Upstream's snapshots: a registry's content, a manifest, and what each command prints. */
export type GoldenSnapshots = {
  readonly manifest: string;
  /** Repository, then digest. */
  readonly state: Readonly<Record<string, Readonly<Record<string, GoldenImage>>>>;
  /** `{registry}` and `{manifest}` stand for where those are. */
  readonly runs: readonly { readonly args: readonly string[]; readonly exit: number; readonly stdout: string }[];
};

export type GoldenImage = { readonly mediaType: string; readonly tags: readonly string[]; readonly manifest: string };

/** Reads test/fixtures/snapshots.json. */
export function goldenSnapshots(): GoldenSnapshots {
  return JSON.parse(readFileSync(new URL('../fixtures/snapshots.json', import.meta.url), 'utf8')) as GoldenSnapshots;
}

/** Puts such content into a registry. */
export function loadState(store: RegistryStore, state: GoldenSnapshots['state']): void {
  for (const [path, images] of Object.entries(state)) {
    const entries = Object.entries(images).map(([digest, image]) => {
      if (!isDigest(digest)) throw new Error(`${digest} is no digest`);
      return [digest, image] as const;
    });
    store.load(path, {
      manifests: new Map(entries.map(([digest, image]) => [digest, stored(image)])),
      tags: new Map(entries.flatMap(([digest, { tags }]) => tags.map((tag) => [tag, digest]))),
      blobs: new Map(),
    });
  }
}

function stored({ mediaType, manifest }: GoldenImage): StoredManifest {
  const bytes = Buffer.from(manifest);
  return { mediaType, bytes, size: bytes.length, uploadedAt: 1 };
}
