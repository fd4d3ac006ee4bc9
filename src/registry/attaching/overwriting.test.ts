import { describe, expect, it } from 'vitest';
import { signedWorld } from '../../../test/support/attached.ts';
import { oddRegistry, type OddRegistry } from '../../../test/support/odd-registry.ts';
import { buildAttachment } from '../../../test/support/registry/attachments.ts';
import { buildImage, storeImage } from '../../../test/support/registry/images.ts';
import type { RegistryOptions } from '../../../test/support/registry/options.ts';
import { signDigest } from '../../attest/writing/sign-digest.ts';
import { MEDIA_TYPES, type Descriptor } from '../../image/descriptor.ts';
import { attacher, fallbackTag, type Attacher, type Attachment } from './attacher.ts';
import { subjectLock } from './lock.ts';

type World = OddRegistry & {
  readonly repository: string;
  readonly subjects: readonly [Descriptor, Descriptor];
  readonly attacher: Attacher;
};

/** A registry without lists of referrers, with two images. */
async function world(options: RegistryOptions = {}): Promise<World> {
  const odd = await oddRegistry({ referrers: false, ...options });
  const store = (seed: number): Descriptor => storeImage(odd.server.store, 'app', buildImage({ seed }), [`v${seed}`]);
  const lock = subjectLock(async () => undefined);
  return {
    ...odd,
    repository: `${odd.host}/app`,
    subjects: [store(1), store(2)],
    attacher: attacher(odd.registry, lock),
  };
}

const IMMUTABLE = { immutableTags: true };
const attachments = (subject: Descriptor, ...seeds: readonly number[]): readonly Attachment[] =>
  seeds.map((seed) => buildAttachment({ seed, subject }));

/** The requests that write the list of a subject. */
const listWrites = ({ asked }: OddRegistry, { digest }: Descriptor): number =>
  asked().filter((request) => request === `PUT /v2/app/manifests/${fallbackTag(digest)}`).length;

const listed = async ({ registry, repository, call }: World, { digest }: Descriptor): Promise<readonly string[]> =>
  (await registry.listReferrers(repository, digest, call)).map((one) => one.digest);

const digestsOf = (all: readonly Attachment[]): readonly string[] =>
  all.map(({ manifest }) => manifest.descriptor.digest);

describe('src/registry/attaching/attacher.ts: batches', () => {
  it.each([IMMUTABLE, {}])('writes the list of each subject once (%j)', async (options) => {
    const there = await world(options);
    const { repository, subjects, call } = there;
    const batch = there.attacher.batch();
    const all = subjects.map((subject, index) => attachments(subject, 10 + index, 20 + index, 30 + index));
    for (const attachment of all.flat()) await batch.attach(repository, attachment, call);
    for (const [index, subject] of subjects.entries()) {
      expect(await listed(there, subject)).toEqual([]);
      expect(there.attacher.pending(repository, subject.digest)).toEqual(all[index]?.map(({ referrer }) => referrer));
    }
    await batch.write(repository, call);
    for (const [index, subject] of subjects.entries()) {
      expect(await listed(there, subject)).toEqual(digestsOf(all[index] ?? []));
      expect(listWrites(there, subject)).toBe(1);
      expect(there.attacher.pending(repository, subject.digest)).toEqual([]);
    }
    there.server.counters.reset();
    await batch.write(repository, call);
    expect(there.asked()).toEqual([]);
  });

  it('writes no list if the registry has the referrers API', async () => {
    const there = await world({ referrers: true });
    const [subject] = there.subjects;
    const batch = there.attacher.batch();
    const all = attachments(subject, 10, 11);
    for (const attachment of all) await batch.attach(there.repository, attachment, there.call);
    await batch.write(there.repository, there.call);
    expect((await listed(there, subject)).toSorted()).toEqual(digestsOf(all).toSorted());
    expect(listWrites(there, subject)).toBe(0);
  });
});

describe('src/registry/attaching/overwriting.ts', () => {
  it('gives a hint if a list cannot be changed, and afterwards only checks whether a list exists', async () => {
    const there = await world(IMMUTABLE);
    const { attacher: own, repository, call, subjects } = there;
    const [first, second] = subjects;
    for (const subject of subjects)
      for (const attachment of attachments(subject, 10)) await own.attach(repository, attachment, call);
    const refused = { code: 'LIST_IMMUTABLE', hint: expect.stringContaining('exempt the tags `sha256-*`') };
    await expect(own.checkList(repository, first.digest, call)).rejects.toMatchObject(refused);
    there.server.counters.reset();
    await expect(own.checkList(repository, second.digest, call)).rejects.toMatchObject(refused);
    expect(there.asked()).toEqual([`GET /v2/app/manifests/${fallbackTag(second.digest)}`]);
    const [another] = attachments(first, 11);
    await expect(own.attach(repository, another as Attachment, call)).rejects.toMatchObject(refused);
  });

  it('checks once that a repository lets lists be changed, and keeps their entries', async () => {
    const there = await world();
    const { attacher: own, repository, call, subjects } = there;
    const [first, second] = subjects;
    const all = attachments(first, 10, 11);
    for (const attachment of all) await own.attach(repository, attachment, call);
    await own.checkList(repository, first.digest, call);
    expect(await listed(there, first)).toEqual(digestsOf(all));
    there.server.counters.reset();
    for (const { digest } of [first, second]) await own.checkList(repository, digest, call);
    expect(there.asked()).toEqual([]);
  });

  it('sends no check to a registry with the referrers API, and writes nothing without a list', async () => {
    for (const referrers of [true, false]) {
      const there = await world({ ...IMMUTABLE, referrers });
      const { digest } = there.subjects[0];
      await there.registry.keepsReferrers(there.repository, digest, there.call);
      there.server.counters.reset();
      await there.attacher.checkList(there.repository, digest, there.call);
      expect(there.asked()).toEqual(referrers ? [] : [`GET /v2/app/manifests/${fallbackTag(digest)}`]);
    }
  });

  it('prevents signing if the .sig tag cannot be overwritten', async () => {
    const there = await signedWorld({ format: 'legacy', registry: IMMUTABLE });
    const { repository, subject, call } = there;
    const target = { repository, digest: subject.digest, reference: 'prod.test/app' };
    await signDigest(await there.stranger('legacy'), target, call);
    const { signed } = there.effects();
    await expect(signDigest(there.services, target, call)).rejects.toMatchObject({ code: 'LIST_IMMUTABLE' });
    expect(there.effects().signed).toBe(signed);
  });

  it("throws the registry's error if it is another one", async () => {
    const there = await world();
    const { attacher: own, repository, call, subjects } = there;
    const [subject] = subjects;
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }));
    there.server.store.putManifest('app', fallbackTag(subject.digest), MEDIA_TYPES.ociIndex, bytes);
    there.server.inject(({ kind }) => (kind === 'putManifest' ? { status: 403 } : undefined));
    await expect(own.checkList(repository, subject.digest, call)).rejects.toMatchObject({ code: 'DENIED' });
  });
});

describe('src/registry/attaching/overwriting.ts: settle', () => {
  /** Has another job, which read the list before, write its own attachment over ours. */
  const overwritten = async (there: World, ours: Attacher): Promise<readonly Attachment[]> => {
    const { registry, repository, subjects, call } = there;
    const [subject] = subjects;
    const [first, second] = attachments(subject, 10, 11);
    if (first === undefined || second === undefined) throw new Error('there are two');
    await there.attacher.attach(repository, second, call);
    const theirs = await registry.readManifest(repository, fallbackTag(subject.digest), call);
    if (theirs === undefined) throw new Error('the list was written');
    await ours.attach(repository, first, call);
    await registry.writeManifest(repository, fallbackTag(subject.digest), theirs, call);
    expect(await listed(there, subject)).toEqual(digestsOf([second]));
    return [first, second];
  };

  it('adds to a list again what another job lost', async () => {
    const there = await world();
    const [subject] = there.subjects;
    const ours = attacher(
      there.registry,
      subjectLock(async () => undefined),
    );
    const all = await overwritten(there, ours);
    expect(await ours.tags.settle(() => there.call)).toEqual([]);
    expect((await listed(there, subject)).toSorted()).toEqual(digestsOf(all).toSorted());
    there.server.counters.reset();
    expect(await ours.tags.settle(() => there.call)).toEqual([]);
    expect(there.asked()).toEqual([]);
  });

  it('sends no request with a lock that all jobs share', async () => {
    const there = await world();
    const shared = attacher(there.registry, { ...subjectLock(async () => undefined), isShared: true });
    const [first, second] = attachments(there.subjects[0], 10, 11);
    if (first === undefined || second === undefined) throw new Error('there are two');
    await there.attacher.attach(there.repository, first, there.call);
    await shared.attach(there.repository, second, there.call);
    there.server.counters.reset();
    expect(await shared.tags.settle(() => there.call)).toEqual([]);
    expect(there.asked()).toEqual([]);
  });

  it('returns the error of a list that cannot be read', async () => {
    const there = await world();
    const [first] = attachments(there.subjects[0], 10);
    if (first === undefined) throw new Error('there is one');
    await there.attacher.attach(there.repository, first, there.call);
    there.server.inject(({ kind }) => (kind.endsWith('Manifest') ? { status: 403 } : undefined));
    expect(await there.attacher.tags.settle(() => there.call)).toEqual([expect.objectContaining({ code: 'DENIED' })]);
  });
});
