import { expect } from 'vitest';
import { realClock, type Clock } from '../../src/clock.ts';
import { jitteredPause } from '../../src/async/backoff.ts';
import { httpStack } from '../../src/http/stack.ts';
import type { Digest } from '../../src/image/digest.ts';
import { copier, type Copier, type CopyResult } from '../../src/registry/copying/copier.ts';
import { distributionRegistry } from '../../src/registry/distribution/index.ts';
import type { CopyTarget } from '../../src/registry/copying/mirror.ts';
import type { BlobContent, RegistryStore } from './memory-registry/store.ts';
import { sourceReader } from '../../src/registry/source.ts';
import type { LogEntry } from './registry/counters.ts';
import type { Fault, FaultHook } from './registry/faults.ts';
import type { BuiltImage } from './registry/images.ts';
import type { RegistryOptions } from './registry/options.ts';
import { startRegistry, type TestRegistry } from './registry/server.ts';

/** Where every test image is staged, and where it goes. */
export const STAGED = 'staging/app';
export const TARGET = 'prod/app';

/** One source, some mirrors, and the copy engine between them over real HTTP. */
export type Copying = AsyncDisposable & {
  readonly source: TestRegistry;
  /** At least three of them, as a rule; each as a tuple element, so that tests need no checks. */
  readonly mirrors: readonly [TestRegistry, TestRegistry, TestRegistry];
  readonly copier: Copier;
  /** Copies a staged digest to `prod/app` of each mirror, or to the targets given. */
  copy(digest: Digest, targets?: readonly CopyTarget[], signal?: AbortSignal): Promise<CopyResult>;
};

type CopyingOptions = {
  readonly source?: RegistryOptions;
  readonly mirrors?: RegistryOptions;
  readonly clock?: Clock;
};

const MIB = 1024 * 1024;

/** One layer size is held in memory for all mirrors, the other goes through the tee. */
export const HELD = 2 * MIB;
export const TEED = 5 * MIB;
export const SIZES = [
  ['held in memory', HELD],
  ['teed', TEED],
] as const;

/** The first layer of an image. */
export function layerOf({ blobs }: BuiltImage): Digest {
  const layer = blobs[1];
  if (layer === undefined) throw new Error('the image has no layer');
  return layer.descriptor.digest;
}

/** A hook that lets everything pass after the first fault. */
export function once(hook: FaultHook): FaultHook {
  let done = false;
  return async (request) => {
    const fault = done ? undefined : await hook(request);
    done ||= fault !== undefined;
    return fault;
  };
}

/** A hook for the requests that bring the bytes of one blob. */
export function onPutOf(digest: Digest, fault: Fault): FaultHook {
  return ({ kind, path }) => (kind === 'put' && digestIn({ path }) === digest ? fault : undefined);
}

/** How many requests brought the bytes of a blob, whatever the answer. */
export function putsOf({ counters }: TestRegistry, digest: Digest): number {
  return counters.log.filter((entry) => entry.kind === 'put' && digestIn(entry) === digest).length;
}

/** Starts a source and three mirrors. */
export async function startCopying(options: CopyingOptions = {}): Promise<Copying> {
  const clock = options.clock ?? realClock();
  const start = (): Promise<TestRegistry> => startRegistry(options.mirrors);
  const [source, ...mirrors] = await Promise.all([startRegistry(options.source), start(), start(), start()]);
  const stack = httpStack({ clock, random: atOnce });
  const engine = copierOver(stack.fetch, clock);
  return {
    source,
    mirrors,
    copier: engine,
    copy: (digest, targets = mirrors.map((mirror) => targetOn(mirror)), signal = new AbortController().signal) =>
      engine.copy({ source: `${source.host}/${STAGED}`, digest, targets }, signal).done,
    [Symbol.asyncDispose]: async () => {
      await stack.close();
      await Promise.all([source, ...mirrors].map((registry) => registry.close()));
      expect([source, ...mirrors].flatMap(({ unexpected }) => unexpected)).toEqual([]);
    },
  };
}

/** The least jitter: what is tried again is tried at once, so that no test has to wait or to hurry its clock. */
export const atOnce = (): number => 0;

/** The copy engine over a request stack. */
function copierOver(fetch: Parameters<typeof distributionRegistry>[0]['fetch'], clock: Clock): Copier {
  const pause = jitteredPause(clock, atOnce);
  const registry = distributionRegistry({ fetch, clock, pause, baseUrl: (host) => new URL(`http://${host}`) });
  const meterOf = (): { requests: number; bytes: number } => ({ requests: 0, bytes: 0 });
  return copier({ registry, clock, pause, meterOf, source: sourceReader(registry, meterOf) });
}

/** `prod/app:v1` of a mirror as a target that holds nothing yet, unless told otherwise. */
export function targetOn({ host }: Pick<TestRegistry, 'host'>, given: Partial<CopyTarget> = {}): CopyTarget {
  return { repository: `${host}/${TARGET}`, action: 'copy', tags: ['v1'], isNew: true, ...given };
}

/** All manifests and blobs that an image consists of: one source read each. */
export function partsOf(image: BuiltImage): number {
  const digests = new Set<string>();
  const visit = ({ manifest, blobs, children }: BuiltImage): void => {
    digests.add(manifest.descriptor.digest);
    for (const { descriptor } of blobs) digests.add(descriptor.digest);
    children.forEach(visit);
  };
  visit(image);
  return digests.size;
}

/** Asserts that a store holds the image under the tag, every manifest and blob byte for byte. */
export function expectImage(store: RegistryStore, image: BuiltImage, tag: string | undefined, path = TARGET): void {
  const { manifest, blobs, children } = image;
  const held = store.repository(path);
  if (tag !== undefined) expect(held?.tags.get(tag)).toBe(manifest.descriptor.digest);
  const stored = held?.manifests.get(manifest.descriptor.digest);
  expect(stored?.mediaType).toBe(manifest.descriptor.mediaType);
  expect(Buffer.from(stored?.bytes ?? []).equals(manifest.bytes)).toBe(true);
  for (const { descriptor, content } of blobs) {
    expect(bytesOf(held?.blobs.get(descriptor.digest)).equals(bytesOf(content))).toBe(true);
  }
  for (const child of children) expectImage(store, child, undefined, path);
}

/** The errors of a result by code, `undefined` for what is complete, in the order of the targets. */
export function codesOf({ mirrors }: CopyResult): (string | undefined)[] {
  return mirrors.map(({ error }) => error?.code);
}

/** How often each blob was sent to a repository: answered PUTs of uploads, by digest. */
export function sentBlobs({ counters }: TestRegistry, repository = TARGET): Map<string, number> {
  const sent = new Map<string, number>();
  for (const entry of counters.log) {
    if (entry.kind !== 'put' || entry.repository !== repository || entry.status !== 201) continue;
    const digest = digestIn(entry);
    sent.set(digest, (sent.get(digest) ?? 0) + 1);
  }
  return sent;
}

/** The digest that an upload's PUT names. */
export function digestIn({ path }: Pick<LogEntry, 'path'>): string {
  return new URL(path, 'http://registry').searchParams.get('digest') ?? '';
}

function bytesOf(content: BlobContent | undefined): Buffer {
  return Buffer.concat([...(content?.chunks?.(0, content.size) ?? [])]);
}
