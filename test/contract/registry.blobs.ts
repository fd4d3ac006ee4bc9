import { expect, it } from 'vitest';
import { isPromotionError } from '../../src/errors.ts';
import { buildImage } from '../support/registry/images.ts';
import { seededBytes } from '../support/registry/seeded.ts';
import {
  call,
  collect,
  describeBytes,
  streamOf,
  uploadOf,
  type Bench,
  type ContractSkips,
} from './registry.subject.ts';

/** The contract of reading blobs. */
export function blobReadContract(bench: Bench, skips: ContractSkips): void {
  it.for([0, 1, 65_536, 65_537, 3 * 1024 * 1024 + 11])('returns a blob of %i bytes as it was sent', async (size) => {
    const repository = bench.repository();
    const bytes = seededBytes(size, 21);
    const blob = await bench.pushBlob(repository, bytes);
    expect(await bench.subject.registry.lookUpBlob(repository, blob, call())).toBe('present');
    expect((await collect(bench.subject.registry.readBlob(repository, blob, call()))).equals(bytes)).toBe(true);
  });

  it('finds a blob only in the repositories that hold it', async (context) => {
    context.skip(skips['blobs by repository'] !== undefined, skips['blobs by repository']);
    const repository = bench.repository();
    const blob = await bench.pushBlob(repository, seededBytes(100, 22));
    const other = bench.repository();
    await bench.pushBlob(other, seededBytes(100, 23));
    expect(await bench.subject.registry.lookUpBlob(other, blob, call())).toBe('absent');
    expect(await bench.subject.registry.lookUpBlob(bench.repository(), blob, call())).toBe('absent');
  });

  it('reports a blob of another length than its descriptor as damaged', async () => {
    const repository = bench.repository();
    const blob = await bench.pushBlob(repository, seededBytes(100, 24));
    const other = { ...blob, size: blob.size + 1 };
    expect(await bench.subject.registry.lookUpBlob(repository, other, call())).toBe('damaged');
  });

  it('throws NOT_FOUND for a missing blob', async () => {
    const repository = bench.repository();
    await bench.pushBlob(repository, seededBytes(100, 24));
    const reading = collect(bench.subject.registry.readBlob(repository, describeBytes(seededBytes(100, 25)), call()));
    await expect(reading).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.for([-1, 1])('ends a blob with DIGEST_MISMATCH when its descriptor says %i bytes more', async (difference) => {
    const repository = bench.repository();
    const blob = await bench.pushBlob(repository, seededBytes(1000, 26));
    const reading = collect(
      bench.subject.registry.readBlob(repository, { ...blob, size: blob.size + difference }, call()),
    );
    await expect(reading).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
}

/** The contract of writing blobs. */
export function blobWriteContract(bench: Bench, skips: ContractSkips): void {
  it('accepts a blob as a stream', async () => {
    const repository = bench.repository();
    const bytes = seededBytes(2 * 1024 * 1024 + 7, 27);
    const blob = describeBytes(bytes);
    const upload = uploadOf(await bench.subject.registry.startBlob(repository, blob, undefined, call()));
    await upload.send(streamOf(bytes, 100_000), call());
    expect((await collect(bench.subject.registry.readBlob(repository, blob, call()))).equals(bytes)).toBe(true);
  });

  it('mounts a blob from another repository of the same registry', async (context) => {
    context.skip(skips.mount !== undefined, skips.mount);
    const [from, to] = [bench.repository(), bench.repository()];
    const bytes = seededBytes(5000, 28);
    const blob = await bench.pushBlob(from, bytes);
    expect(await bench.subject.registry.startBlob(to, blob, from, call())).toBe('mounted');
    expect((await collect(bench.subject.registry.readBlob(to, blob, call()))).equals(bytes)).toBe(true);
  });

  it('opens an upload if the other repository lacks the blob to mount', async () => {
    const [from, to] = [bench.repository(), bench.repository()];
    await bench.pushBlob(from, seededBytes(10, 29));
    const bytes = seededBytes(5000, 30);
    const upload = uploadOf(await bench.subject.registry.startBlob(to, describeBytes(bytes), from, call()));
    await upload.send(bytes, call());
    expect(await bench.subject.registry.lookUpBlob(to, describeBytes(bytes), call())).toBe('present');
  });

  it('rejects bytes and streams with another digest, and stores none of them', async () => {
    const repository = bench.repository();
    await bench.pushBlob(repository, seededBytes(10, 31));
    const blob = describeBytes(seededBytes(5000, 32));
    const wrong = seededBytes(5000, 33);
    for (const content of [wrong, streamOf(wrong, 1000)]) {
      const upload = uploadOf(await bench.subject.registry.startBlob(repository, blob, undefined, call()));
      await expect(upload.send(content, call())).rejects.toSatisfy((error) => isPromotionError(error));
    }
    expect(await bench.subject.registry.lookUpBlob(repository, blob, call())).toBe('absent');
    expect(await bench.subject.registry.lookUpBlob(repository, describeBytes(wrong), call())).toBe('absent');
  });

  it('deletes an abandoned upload', async () => {
    const repository = bench.repository();
    const bytes = seededBytes(5000, 34);
    await uploadOf(await bench.subject.registry.startBlob(repository, describeBytes(bytes), undefined, call())).abandon(
      call(),
    );
    expect(await bench.subject.registry.lookUpBlob(repository, describeBytes(bytes), call())).toBe('absent');
    await bench.pushBlob(repository, bytes);
    expect(await bench.subject.registry.lookUpBlob(repository, describeBytes(bytes), call())).toBe('present');
  });

  it('accepts the same blob and manifest again', async () => {
    const repository = bench.repository();
    const image = buildImage({ seed: 35 });
    await bench.push(repository, image, 'v1');
    await bench.push(repository, image, 'v1');
    expect(await bench.subject.registry.resolveManifest(repository, 'v1', call())).toMatchObject(
      image.manifest.descriptor,
    );
  });
}
