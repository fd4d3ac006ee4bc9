import { describe, expect, it } from 'vitest';
import { oddRegistry, type OddRegistry } from '../../../test/support/odd-registry.ts';
import { buildAttachment } from '../../../test/support/registry/attachments.ts';
import type { FaultHook } from '../../../test/support/registry/faults.ts';
import { buildImage, storeImage } from '../../../test/support/registry/images.ts';
import type { RegistryOptions } from '../../../test/support/registry/options.ts';
import { MEDIA_TYPES, type Descriptor } from '../../image/descriptor.ts';
import { blobOf } from '../../../test/support/memory-registry/store.ts';
import { attacher, fallbackTag, type Attachment, type Attacher } from './attacher.ts';
import { subjectLock } from './lock.ts';

type World = OddRegistry & {
  readonly subject: Descriptor;
  readonly attacher: Attacher;
  attach(attachment: Attachment): Promise<void>;
  /** The digests that the registry lists, or its fallback tag. */
  list(): Promise<readonly string[]>;
};

async function world(options: RegistryOptions = {}): Promise<World> {
  const odd = await oddRegistry(options);
  const subject = storeImage(odd.server.store, 'app', buildImage({ seed: 1 }), ['v1']);
  const own = anotherProcess(odd);
  const attach: World['attach'] = (attachment) => own.attach(`${odd.host}/app`, attachment, odd.call);
  const list: World['list'] = async () =>
    (await odd.registry.listReferrers(`${odd.host}/app`, subject.digest, odd.call)).map(({ digest }) => digest);
  return { ...odd, subject, attacher: own, attach, list };
}

const anotherProcess = ({ registry }: Pick<OddRegistry, 'registry'>): Attacher =>
  attacher(
    registry,
    subjectLock(async () => undefined),
  );

const digestsOf = (attachments: readonly Attachment[]): readonly string[] =>
  attachments.map(({ manifest }) => manifest.descriptor.digest);

const methods = ({ asked }: OddRegistry): readonly string[] =>
  asked().map((request) => request.replace(/^(\w+) \/v2\/app\/(\w+)\/.*$/, '$1 $2'));

describe('src/registry/attaching/attacher', () => {
  it.each([
    ['keeps lists', {}, []],
    ['keeps lists without saying so', { referrers: 'unannounced' }, ['GET referrers']],
    ['keeps none', { referrers: false }, ['GET referrers', 'GET manifests', 'PUT manifests', 'HEAD manifests']],
  ] as const)('attaches with the fewest possible requests if the registry %s', async (_, options, listing) => {
    const there = await world(options);
    await there.attach(buildAttachment({ seed: 2, subject: there.subject }));
    const uploads = ['POST blobs', 'POST blobs', 'PUT blobs', 'PUT blobs'];
    expect(methods(there).toSorted()).toEqual([...uploads, 'PUT manifests', ...listing].toSorted());
    there.server.counters.reset();
    await there.attach(buildAttachment({ seed: 3, subject: there.subject }));
    const again = listing.filter((request) => request !== 'GET referrers');
    expect(methods(there)).toEqual(['POST blobs', 'PUT blobs', 'PUT manifests', ...again]);
    expect(await there.list()).toHaveLength(2);
  });

  it('writes nothing to a routed repository without the referrers API, and everything to one with it', async () => {
    for (const referrers of [false, true]) {
      const there = await world({ referrers });
      const lock = subjectLock(async () => undefined);
      const { attach } = attacher(there.registry, lock, (repository) => repository === `${there.host}/app`);
      const attaching = attach(`${there.host}/app`, buildAttachment({ seed: 2, subject: there.subject }), there.call);
      if (referrers) await attaching;
      else await expect(attaching).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      expect(methods(there).includes('PUT manifests')).toBe(referrers);
    }
  });

  it.each([
    ['keeps lists', true, []],
    ['keeps none', false, ['GET manifests', 'PUT manifests', 'HEAD manifests']],
  ] as const)(
    'lists an existing referrer without writing it again if the registry %s',
    async (_, referrers, expected) => {
      const there = await world({ referrers });
      await there.attach(buildAttachment({ seed: 2, subject: there.subject }));
      const { blobs, manifest, ...attached } = buildAttachment({ seed: 3, subject: there.subject });
      for (const { descriptor, bytes } of blobs) there.server.store.putBlob('app', descriptor.digest, blobOf(bytes));
      const { digest, mediaType } = manifest.descriptor;
      there.server.store.putManifest('app', digest, mediaType, manifest.bytes);
      there.server.counters.reset();
      await there.attacher.list(`${there.host}/app`, attached, there.call);
      expect(methods(there).filter((request) => request !== 'GET referrers')).toEqual(expected);
      expect(await there.list()).toContain(digest);
      there.server.counters.reset();
      await there.attacher.list(`${there.host}/app`, attached, there.call);
      expect(methods(there)).toEqual(expected.slice(0, 1));
    },
  );

  it.each([true, false])('does not write a listed attachment again (referrers API: %s)', async (referrers) => {
    const there = await world({ referrers });
    const attachments = [2, 3].map((seed) => buildAttachment({ seed, subject: there.subject }));
    for (const attachment of attachments) await there.attach(attachment);
    const before = there.server.snapshot();
    there.server.counters.reset();
    for (const attachment of attachments) await there.attach(attachment);
    expect(there.server.counters.counts().kinds.putManifest).toBeUndefined();
    expect(there.server.counters.counts().kinds.put).toBeUndefined();
    expect(there.server.snapshot()).toEqual(before);
  });

  it.each([true, false])(
    'R15 loses nothing when 22 mirrors with 3 tags attach to one digest at once (referrers API: %s)',
    async (referrers) => {
      const there = await world({ referrers });
      const attachments = Array.from({ length: 66 }, (_, index) =>
        buildAttachment({ seed: 100 + index, subject: there.subject }),
      );
      await Promise.all(attachments.map((attachment) => there.attach(attachment)));
      expect((await there.list()).toSorted()).toEqual(digestsOf(attachments).toSorted());
    },
  );

  it('writes one entry when the same is attached 66 times concurrently', async () => {
    const there = await world({ referrers: false });
    const attachment = buildAttachment({ seed: 2, subject: there.subject });
    await Promise.all(Array.from({ length: 66 }, () => there.attach(attachment)));
    expect(await there.list()).toEqual(digestsOf([attachment]));
  });

  it.each([true, false])('attaches each once despite resets and errors (referrers API: %s)', async (referrers) => {
    const faults = ['resetAfter', { status: 503 }, 'reset', 'truncate'] as const;
    let requests = 0;
    const fault: FaultHook = () => ((requests += 1) % 5 === 0 ? faults[(requests / 5) % faults.length] : undefined);
    const there = await world({ referrers, fault });
    const attachments = Array.from({ length: 20 }, (_, index) =>
      buildAttachment({ seed: 200 + index, subject: there.subject }),
    );
    await Promise.all(attachments.map((attachment) => there.attach(attachment)));
    expect((await there.list()).toSorted()).toEqual(digestsOf(attachments).toSorted());
    expect(requests).toBeGreaterThan(60);
  });

  it('keeps the entries of other programs and their order', async () => {
    const there = await world({ referrers: false });
    const theirs = [11, 12].map((seed) => buildImage({ seed, subject: there.subject }).manifest.descriptor);
    for (const seed of [11, 12]) storeImage(there.server.store, 'app', buildImage({ seed, subject: there.subject }));
    const manifests = theirs.toReversed().map((entry) => ({ ...entry, platform: { os: 'theirs' } }));
    storeIndex(there, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests });
    const attachment = buildAttachment({ seed: 2, subject: there.subject });
    await there.attach(attachment);
    expect(await fallbackOf(there)).toMatchObject({ manifests: [...manifests, attachment.referrer] });
  });

  it('replaces a fallback tag that is not an index', async () => {
    const there = await world({ referrers: false });
    storeImage(there.server.store, 'app', buildImage({ seed: 13 }), [fallbackTag(there.subject.digest)]);
    const attachment = buildAttachment({ seed: 2, subject: there.subject });
    await there.attach(attachment);
    expect(await there.list()).toEqual(digestsOf([attachment]));
  });

  it('omits entries of deleted manifests if the registry requires it', async () => {
    const there = await world({ referrers: false });
    const attachments = [2, 3, 4].map((seed) => buildAttachment({ seed, subject: there.subject }));
    const [first, second, third] = attachments as [Attachment, Attachment, Attachment];
    await there.attach(first);
    await there.attach(second);
    there.server.store.remove('app', 'manifest', first.manifest.descriptor.digest);
    await there.attach(third);
    expect(await there.list()).toEqual(digestsOf([second, third]));
  });

  it('uploads blobs again that the registry turns out to lack', async () => {
    const there = await world();
    await there.attach(buildAttachment({ seed: 2, subject: there.subject }));
    const [empty] = buildAttachment({ seed: 2, subject: there.subject }).blobs;
    there.server.store.remove('app', 'blob', empty?.descriptor.digest ?? '');
    const attachment = buildAttachment({ seed: 3, subject: there.subject });
    await there.attach(attachment);
    expect(await there.list()).toContain(attachment.manifest.descriptor.digest);
  });
});

function storeIndex({ server, subject }: World, document: object): void {
  const bytes = Buffer.from(JSON.stringify(document));
  const stored = server.store.putManifest('app', fallbackTag(subject.digest), MEDIA_TYPES.ociIndex, bytes);
  if ('refused' in stored) throw new Error(stored.message);
}

async function fallbackOf({ registry, host, subject, call }: World): Promise<unknown> {
  const read = await registry.readManifest(`${host}/app`, fallbackTag(subject.digest), call);
  return JSON.parse(Buffer.from(read?.bytes ?? []).toString('utf8'));
}
