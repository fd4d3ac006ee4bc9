import { afterAll, beforeEach } from 'vitest';
import type { Descriptor, Manifest } from '../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import type { BlobUpload, Call, Registry, RepositoryListing } from '../../src/registry/roles.ts';
import { orSkip } from '../support/programs.ts';
import type { BuiltImage } from '../support/registry/images.ts';

/** An implementation under test; `host` is an empty registry. */
export type ContractSubject = {
  readonly registry: Registry;
  readonly host: string;
  readonly listing: RepositoryListing['kind'];
  /** Repositories for which the registry requires a login (401) or denies access (403). */
  readonly unauthorized?: string;
  readonly denied?: string;
  readonly close?: () => Promise<void>;
};

/** Parts of the contract that an implementation cannot keep, with the reasons. */
export type ContractSkips = Readonly<
  Partial<
    Record<
      'mount' | 'missing blobs' | 'manifest by wrong digest' | 'blobs by repository' | 'referrer types' | '401' | '403',
      string
    >
  >
>;

/** The tools of the contract's tests. */
export type Bench = {
  readonly subject: ContractSubject;
  /** Returns a repository that no other test uses. */
  repository(): string;
  push(repository: string, image: BuiltImage, ...references: string[]): Promise<Manifest>;
  pushBlob(repository: string, bytes: Uint8Array): Promise<Descriptor>;
};

/** Opens the subject before the first test and closes it after the last; skips all of them if a program is missing. */
export function workbench(open: () => Promise<ContractSubject>): Bench {
  let opened: ContractSubject | undefined;
  let opening: Promise<ContractSubject> | undefined;
  let count = 0;
  // not in beforeAll, which cannot skip: a registry may need a missing program
  beforeEach(async (context) => {
    opened = await orSkip(context, () => (opening ??= open()));
  });
  afterAll(async () => opened?.close?.());
  const bench: Bench = {
    get subject() {
      if (opened === undefined) throw new Error('the contract is used outside of a test');
      return opened;
    },
    repository: () => `${bench.subject.host}/contract/${(count += 1)}`,
    pushBlob: async (repository, bytes) => {
      const blob = describeBytes(bytes);
      await uploadOf(await bench.subject.registry.startBlob(repository, blob, undefined, call())).send(bytes, call());
      return blob;
    },
    push: async (repository, image, ...references) => {
      for (const child of image.children) await bench.push(repository, child, child.manifest.descriptor.digest);
      for (const { content } of image.blobs)
        await bench.pushBlob(repository, await collect(content.chunks?.(0, content.size) ?? []));
      for (const reference of references)
        await bench.subject.registry.writeManifest(repository, reference, image.manifest, call());
      return image.manifest;
    },
  };
  return bench;
}

/** A call that no test cancels. */
export function call(): Call {
  return { signal: new AbortController().signal };
}

/** Opens an upload without a mount. */
export function uploadOf(started: 'mounted' | BlobUpload): BlobUpload {
  if (started === 'mounted') throw new Error('a blob was mounted that should be uploaded');
  return started;
}

/** Returns the descriptor of these bytes. */
export function describeBytes(bytes: Uint8Array): Descriptor {
  return { mediaType: 'application/octet-stream', ...describeDigest(bytes) };
}

/** Returns digest and size of these bytes. */
export function describeDigest(bytes: Uint8Array): { readonly digest: Digest; readonly size: number } {
  return { digest: digestOf(bytes), size: bytes.length };
}

/** Returns all tags of a listing, sorted. */
export function tagsOf(listing: RepositoryListing): string[] {
  return listing.kind === 'tags'
    ? [...listing.tags].toSorted()
    : [...listing.manifests.values()].flatMap(({ tags }) => tags).toSorted();
}

/** Reads a whole stream. */
export async function collect(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Returns the bytes as a stream of chunks. */
export async function* streamOf(bytes: Uint8Array, portion: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += portion) yield bytes.subarray(offset, offset + portion);
}
