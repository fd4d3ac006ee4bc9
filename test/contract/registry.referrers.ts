import { expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { attacher } from '../../src/registry/attaching/attacher.ts';
import type { Referrer } from '../../src/registry/roles.ts';
import { subjectLock } from '../../src/registry/attaching/lock.ts';
import { buildAttachment } from '../support/registry/attachments.ts';
import { buildImage, buildIndex } from '../support/registry/images.ts';
import { call, type Bench, type ContractSkips } from './registry.subject.ts';

/** The contract of referrers. */
export function referrerContract(bench: Bench, skips: ContractSkips): void {
  const attachments = (): ReturnType<typeof attacher> =>
    attacher(
      bench.subject.registry,
      subjectLock(async () => undefined),
    );

  it('returns an empty list for an image without referrers, and for an unknown repository', async () => {
    const repository = bench.repository();
    const { digest } = (await bench.push(repository, buildImage({ seed: 50 }), 'v1')).descriptor;
    const { listReferrers } = bench.subject.registry;
    expect(await listReferrers(repository, digest, call())).toEqual([]);
    expect(await listReferrers(repository, digestOf(Buffer.from('absent')), call())).toEqual([]);
    expect(await listReferrers(bench.repository(), digest, call())).toEqual([]);
  });

  it.for([
    ['an image', buildImage({ seed: 51 })],
    ['an index', buildIndex([buildImage({ seed: 52 })])],
  ] as const)('lists what is attached to %s, and nothing with its neighbours', async ([, image]) => {
    const repository = bench.repository();
    const subject = (await bench.push(repository, image, 'v1')).descriptor;
    const neighbour = (await bench.push(repository, buildImage({ seed: 53 }), 'v2')).descriptor;
    const { attach } = attachments();
    const attached = [54, 55].map((seed) => buildAttachment({ seed, subject }));
    for (const attachment of attached) await attach(repository, attachment, call());
    const listed = await bench.subject.registry.listReferrers(repository, subject.digest, call());
    const told = (referrer: Referrer): Referrer => (skips['referrer types'] === undefined ? referrer : bare(referrer));
    const expected = attached.map(({ referrer }) => told(referrer));
    expect(byDigest(listed.map(told))).toEqual(byDigest(expected));
    expect(await bench.subject.registry.listReferrers(repository, neighbour.digest, call())).toEqual([]);
  });

  it('stores attached manifests byte for byte', async () => {
    const repository = bench.repository();
    const subject = (await bench.push(repository, buildImage({ seed: 56 }), 'v1')).descriptor;
    const attachment = buildAttachment({ seed: 57, subject });
    await attachments().attach(repository, attachment, call());
    const { digest } = attachment.manifest.descriptor;
    const read = await bench.subject.registry.readManifest(repository, digest, call());
    expect(Buffer.from(read?.bytes ?? []).equals(attachment.manifest.bytes)).toBe(true);
    for (const { descriptor } of attachment.blobs)
      expect(await bench.subject.registry.lookUpBlob(repository, descriptor, call())).toBe('present');
  });

  it('keeps all manifests that are attached to one subject concurrently', async () => {
    const repository = bench.repository();
    const subject = (await bench.push(repository, buildImage({ seed: 58 }), 'v1')).descriptor;
    const { attach } = attachments();
    const attached = Array.from({ length: 12 }, (_, index) => buildAttachment({ seed: 600 + index, subject }));
    await Promise.all(attached.map((attachment) => attach(repository, attachment, call())));
    const listed = await bench.subject.registry.listReferrers(repository, subject.digest, call());
    expect(byDigest(listed).map(({ digest }) => digest)).toEqual(
      byDigest(attached.map(({ referrer }) => referrer)).map(({ digest }) => digest),
    );
  });

  it('returns the subject of a push only if the registry keeps lists', async () => {
    const repository = bench.repository();
    const { registry } = bench.subject;
    const subject = (await bench.push(repository, buildImage({ seed: 59 }), 'v1')).descriptor;
    const attachment = buildAttachment({ seed: 60, subject });
    await attachments().attach(repository, attachment, call());
    const { digest } = attachment.manifest.descriptor;
    const keeps = await registry.keepsReferrers(repository, subject.digest, call());
    const written = await registry.writeManifest(repository, digest, attachment.manifest, call());
    expect([undefined, ...(keeps ? [subject.digest] : [])]).toContain(written.subject);
    expect(await registry.writeManifest(repository, 'v2', buildImage({ seed: 59 }).manifest, call())).toEqual({});
  });
}

function bare({ mediaType, digest, size }: Referrer): Referrer {
  return { mediaType, digest, size };
}

function byDigest(referrers: readonly Referrer[]): readonly Referrer[] {
  return referrers.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
}
