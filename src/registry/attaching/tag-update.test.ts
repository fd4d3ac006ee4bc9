import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../errors.ts';
import { MEDIA_TYPES, type Manifest } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import { memoryRegistry, type MemoryCall, type MemoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import type { SmallBlob } from './small-blobs.ts';
import { subjectLock } from './lock.ts';
import { updateTag, type TagChange } from './tag-update.ts';

const REPOSITORY = 'a.test/app';
const TAG = 'sha256-abc.sig';
const call = { signal: new AbortController().signal };

const blobOf = (text: string): SmallBlob => {
  const bytes = Buffer.from(text);
  return { bytes, descriptor: { mediaType: 'text/plain', digest: digestOf(bytes), size: bytes.length } };
};
const CONFIG = blobOf('{}');

/** A manifest whose layers are these words. */
function manifestOf(words: readonly string[]): Manifest {
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: CONFIG.descriptor,
    layers: words.map((word) => ({ ...blobOf(word).descriptor, annotations: { word } })),
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, descriptor: { mediaType: document.mediaType, digest: digestOf(bytes), size: bytes.length } };
}

function wordsOf(manifest: Manifest | undefined): readonly string[] {
  const text = Buffer.from(manifest?.bytes ?? Buffer.from('{"layers":[]}')).toString('utf8');
  const { layers } = JSON.parse(text) as { layers: { annotations: { word: string } }[] };
  return layers.map(({ annotations }) => annotations.word);
}

/** Appends a word unless it is there. */
const append =
  (word: string): TagChange =>
  async (current) => {
    const words = wordsOf(current);
    return words.includes(word) ? undefined : { manifest: manifestOf([...words, word]), blobs: [CONFIG, blobOf(word)] };
  };

type World = {
  readonly registry: MemoryRegistry;
  readonly calls: string[];
  readonly pauses: number[];
  update(change: TagChange): Promise<void>;
  words(): Promise<readonly string[]>;
};

/** `meddle` is somebody else, who writes whenever the tag was written and before it is read again. */
function world(meddle: (nth: number) => readonly string[] | undefined = () => undefined): World {
  const [calls, pauses]: [string[], number[]] = [[], []];
  let looks = 0;
  const before = ({ operation, reference }: MemoryCall): void => {
    if (reference === TAG) calls.push(operation);
    if (operation !== 'resolveManifest') return;
    const words = meddle((looks += 1));
    if (words === undefined) return;
    const store = registry.store('a.test');
    for (const { bytes, descriptor } of words.map(blobOf))
      store.putBlob('app', descriptor.digest, { size: bytes.length, chunks: () => [bytes] });
    store.putManifest('app', TAG, MEDIA_TYPES.ociManifest, manifestOf(words).bytes);
  };
  const registry = memoryRegistry({ before });
  const lock = subjectLock(async (failures) => void pauses.push(failures));
  return {
    registry,
    calls,
    pauses,
    update: async (change) => void (await updateTag(registry, lock, REPOSITORY, TAG, change, call)),
    words: async () => wordsOf(await registry.readManifest(REPOSITORY, TAG, call)),
  };
}

describe('src/registry/attaching/tag-update', () => {
  it('writes blobs and then the tag, reads it back, and keeps the existing content', async () => {
    const { update, calls, words } = world();
    await update(append('one'));
    expect(calls).toEqual(['readManifest', 'writeManifest', 'resolveManifest']);
    await update(append('two'));
    expect(await words()).toEqual(['one', 'two']);
  });

  it('writes nothing if nothing changes', async () => {
    const { update, calls } = world();
    await update(append('one'));
    calls.length = 0;
    await update(append('one'));
    expect(calls).toEqual(['readManifest']);
  });

  it('loses no concurrent change', async () => {
    const { update, words } = world();
    const all = Array.from({ length: 22 * 3 }, (_, index) => `word ${index}`);
    await Promise.all(all.map((word) => update(append(word))));
    expect((await words()).toSorted()).toEqual(all.toSorted());
  });

  it('adds its change again after another process overwrote it', async () => {
    const { update, words, pauses } = world((nth) => (nth === 1 ? ['theirs'] : undefined));
    await update(append('ours'));
    expect(await words()).toEqual(['theirs', 'ours']);
    expect(pauses).toEqual([1]);
  });

  it('accepts a later write of another process that includes its own', async () => {
    const { update, words, calls } = world((nth) => (nth === 1 ? ['ours', 'theirs'] : undefined));
    await update(append('ours'));
    expect(await words()).toEqual(['ours', 'theirs']);
    expect(calls.filter((operation) => operation === 'writeManifest')).toHaveLength(1);
  });

  it('adds its change to what another process wrote between the read and the write', async () => {
    const { registry, update, words } = world();
    let theirs = false;
    await update(async (current) => {
      // The first turn sees the tag before the other process writes it.
      if (!theirs) {
        theirs = true;
        for (const { bytes, descriptor } of [CONFIG, blobOf('theirs')])
          registry.store('a.test').putBlob('app', descriptor.digest, { size: bytes.length, chunks: () => [bytes] });
        registry.store('a.test').putManifest('app', TAG, MEDIA_TYPES.ociManifest, manifestOf(['theirs']).bytes);
      }
      return append('ours')(current);
    });
    expect(await words()).toEqual(['theirs', 'ours']);
  });

  it('throws the refusal of an immutable tag', async () => {
    const fixed = memoryRegistry();
    await expect(
      updateTag(
        {
          ...fixed,
          readManifest: async () => manifestOf(['one']),
          resolveManifest: async () => manifestOf(['one']).descriptor,
          writeManifest: async () => Promise.reject(new PromotionError('TAG_MOVE', 'it is immutable')),
        },
        subjectLock(async () => undefined),
        REPOSITORY,
        TAG,
        append('two'),
        call,
      ),
    ).rejects.toMatchObject({ code: 'TAG_MOVE', message: 'it is immutable' });
  });

  it('gives up after five writes, with a hint to run one job at a time', async () => {
    const { update, calls } = world((nth) => [`theirs ${nth}`]);
    await expect(update(append('ours'))).rejects.toMatchObject({
      code: 'INCOMPLETE',
      message: expect.stringContaining(`${REPOSITORY}:${TAG}`) as string,
      hint: expect.stringContaining('one job at a time') as string,
    });
    expect(calls.filter((operation) => operation === 'writeManifest')).toHaveLength(5);
  });

  it('throws the error of the change, and lets the next caller run', async () => {
    const { update, words } = world();
    const failing = update(async () => Promise.reject(new Error('cannot sign')));
    const next = update(append('next'));
    await expect(failing).rejects.toThrow('cannot sign');
    await next;
    expect(await words()).toEqual(['next']);
  });
});
