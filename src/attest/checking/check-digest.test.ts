import { describe, expect, it } from 'vitest';
import { digestSigning } from '../../../test/support/attached.ts';
import { buildImage, buildMultiPlatform, storeImage, type BuiltImage } from '../../../test/support/registry/images.ts';
import { openedSigning, signingIn, signingWorld, type SigningWorld } from '../../../test/support/signing.ts';
import { PromotionError } from '../../errors.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import { memoryRegistry, type MemoryCall, type MemoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { checkDigest, type CheckRequest, type DigestCheck } from './check-digest.ts';
import type { Signing } from '../signing/open.ts';
import { isSameIdentity } from '../identity/same-identity.ts';
import { recordDigest } from '../writing/record-digest.ts';
import type { Identity, Verifier } from '../roles.ts';
import { signDigest, type DigestSigning } from '../writing/sign-digest.ts';

const call = { signal: new AbortController().signal };
const MIRRORS = ['b.test/app', 'c.test/app'];
const REFERENCE = 'prod.test/app';

type World = {
  readonly registry: MemoryRegistry;
  readonly calls: MemoryCall[];
  readonly digest: Digest;
  readonly services: DigestSigning;
  /** Puts all that the primary has on each mirror. */
  replicate(...hosts: readonly string[]): void;
  check(
    given?: Partial<CheckRequest> & { readonly verifier?: Verifier; readonly expected?: Identity },
  ): Promise<DigestCheck>;
};

async function worldOf(
  signing: Signing,
  image: BuiltImage = buildImage({ seed: 1 }),
  fail?: (one: MemoryCall) => void,
): Promise<World> {
  const calls: MemoryCall[] = [];
  const registry = memoryRegistry({
    before: (one) => {
      calls.push(one);
      fail?.(one);
    },
  });
  const { digest } = storeImage(registry.store('a.test'), 'app', image, ['v1']);
  const services = await digestSigning(registry, signing);
  return {
    registry,
    calls,
    digest,
    services,
    replicate: (...hosts) => {
      const content = registry.store('a.test').repository('app');
      if (content === undefined) throw new Error('the primary holds the image');
      const { manifests, tags, blobs } = content;
      const copy = (): typeof content => ({
        manifests: new Map(manifests),
        tags: new Map(tags),
        blobs: new Map(blobs),
      });
      for (const host of hosts) registry.store(host).load('app', copy());
    },
    check: ({ verifier = services.verifier, expected = services.signer.identity, ...given } = {}) => {
      const isExpected = (identity: Identity): boolean => isSameIdentity(identity, expected);
      const request = { repository: 'a.test/app', mirrors: MIRRORS, reference: REFERENCE, digest };
      const wants = { signature: true, record: true };
      return checkDigest({ registry, verifier, isExpected, callTo: () => call }, { ...request, wants, ...given });
    },
  };
}

async function signAndRecord({ services, digest }: World): Promise<void> {
  const facts = { reference: REFERENCE, digest, tags: ['v1'], time: 0, promoter: { version: 'v1.0.0' } };
  await signDigest(services, { repository: 'a.test/app', digest, reference: REFERENCE }, call);
  await recordDigest(services, { repository: 'a.test/app', facts }, call);
}

const told = ({ findings }: DigestCheck): readonly string[] =>
  findings.map(({ repository, what, status, why }) =>
    [repository.slice(0, 1), what, status, ...(why === undefined ? [] : [why])].join(' '),
  );

const opened = async (): Promise<SigningWorld & { readonly signing: Signing }> => openedSigning();

describe('src/attest/checking/check-digest.ts', () => {
  it('accepts a signature for a listed former name', async () => {
    const { signing } = await opened();
    const world = await worldOf(signing);
    await signDigest(
      world.services,
      { repository: 'a.test/app', digest: world.digest, reference: 'old.test/app' },
      call,
    );
    world.replicate('b.test', 'c.test');
    const wants = { signature: true, record: false };
    const statuses = async (given: Partial<CheckRequest>): Promise<readonly string[]> =>
      (await world.check({ wants, ...given })).findings.map(({ status }) => status);
    expect(await statuses({})).toEqual(['untrusted', 'untrusted', 'untrusted']);
    expect(await statuses({ formerReferences: ['other.test/app'] })).toEqual(['untrusted', 'untrusted', 'untrusted']);
    expect(await statuses({ formerReferences: ['other.test/app', 'old.test/app'] })).toEqual([
      'verified',
      'verified',
      'verified',
    ]);
  });

  it('verifies signatures and records everywhere, and equal bytes once', async () => {
    const { signing } = await opened();
    const world = await worldOf(signing);
    await signAndRecord(world);
    world.replicate('b.test', 'c.test');
    world.calls.length = 0;
    let judged = 0;
    const count = <A extends readonly unknown[], T>(judge: (...args: A) => T): ((...args: A) => T) => {
      return (...args) => {
        judged += 1;
        return judge(...args);
      };
    };
    const { bundle, legacy, legacyAttestation } = world.services.verifier;
    const verifier = { bundle: count(bundle), legacy: count(legacy), legacyAttestation: count(legacyAttestation) };
    const check = await world.check({ verifier });
    expect(check.unread).toEqual([]);
    expect(told(check)).toEqual(
      ['a', 'b', 'c'].flatMap((host) => [`${host} signature verified`, `${host} record verified`]),
    );
    expect(check.findings.every(({ who }) => who?.kind === 'keyless')).toBe(true);
    expect(judged).toBe(3);
    expect(world.calls.filter(({ operation }) => operation === 'readBlob')).toHaveLength(3);
    // on each mirror: two tags, the list, and whether each bundle is there
    expect(world.calls.filter(({ repository }) => repository === 'c.test/app')).toHaveLength(5);
  });

  it('reports unsigned for an image without a signature, and for a mirror that lacks those of the primary', async () => {
    const { signing } = await opened();
    const world = await worldOf(signing);
    expect((await world.check()).subjects).toEqual([world.digest]);
    world.replicate('b.test');
    expect(told(await world.check())).toEqual([
      'a signature unsigned',
      'a record unsigned',
      'b signature unsigned',
      'b record unsigned',
      'c signature unsigned the image is missing',
      'c record unsigned the image is missing',
    ]);
    await signAndRecord(world);
    world.replicate('c.test');
    const content = world.registry.store('c.test');
    for (const { digest } of await world.registry.listReferrers('c.test/app', world.digest, call))
      content.remove('app', 'manifest', digest);
    expect(told(await world.check())).toEqual([
      'a signature verified',
      'a record verified',
      'b signature unsigned',
      'b record unsigned',
      'c signature unsigned it is missing as a bundle, unlike in a.test/app',
      'c record unsigned',
    ]);
  });

  it('reports untrusted for a valid signature by others, or for another name', async () => {
    const { signing } = await opened();
    const world = await worldOf(signing);
    await signAndRecord(world);
    const expected = { kind: 'keyless', issuer: 'https://issuer.example', subject: 'me@example.com' } as const;
    expect(told(await world.check({ mirrors: [], expected }))).toEqual([
      expect.stringMatching(/^a signature untrusted it is signed by the unexpected identity .*$/),
      expect.stringMatching(/^a record untrusted it is signed by the unexpected identity /),
    ]);
    expect(told(await world.check({ mirrors: [], reference: 'other.test/app' }))).toEqual([
      'a signature untrusted it is for prod.test/app, not for other.test/app',
      'a record verified',
    ]);
  });

  it('reports failed for a signature of another digest', async () => {
    const { signing } = await opened();
    const world = await worldOf(signing);
    await signAndRecord(world);
    const store = world.registry.store('a.test');
    const other = storeImage(store, 'app', buildImage({ seed: 2 }), ['v2']).digest;
    const signature = store
      .repository('app')
      ?.manifests.get(store.resolve('app', cosignTag(world.digest, 'sig')) ?? other);
    if (signature?.bytes === undefined) throw new Error('it is signed');
    store.putManifest('app', cosignTag(other, 'sig'), signature.mediaType, signature.bytes);
    expect(told(await world.check({ mirrors: [], digest: other }))).toEqual([
      'a signature failed it is about another digest',
      'a record unsigned',
    ]);
  });

  it('reports unverifiable for a signature of an unknown Sigstore', async () => {
    const [ours, theirs] = [await opened(), await opened()];
    const world = await worldOf(theirs.signing);
    await signAndRecord(world);
    const verifier = await ours.signing.verifier(call.signal);
    expect(told(await world.check({ mirrors: [], verifier }))).toEqual([
      'a signature unverifiable its certificate is from another authority',
      'a record unverifiable its certificate is from another authority',
    ]);
  });

  it('accepts one good signature, whatever else is attached', async () => {
    const given = await signingWorld();
    const ours = await signingIn(given);
    const theirs = await signingIn(given, {
      env: { SIGSTORE_ID_TOKEN: given.sigstore.token({ email: 'other@example.com' }) },
    });
    const world = await worldOf(ours);
    const others = await digestSigning(world.registry, theirs);
    await signDigest(others, { repository: 'a.test/app', digest: world.digest, reference: REFERENCE }, call);
    const before = told(await world.check({ mirrors: [] }));
    expect(before[0]).toMatch(/^a signature untrusted it is signed by the unexpected identity other@example.com/);
    await signAndRecord(world);
    expect(told(await world.check({ mirrors: [] }))).toEqual(['a signature verified', 'a record verified']);
  });

  it('ignores a .sig that a foreign bundle hides from cosign', async () => {
    const given = await signingWorld();
    const theirs = { SIGSTORE_ID_TOKEN: given.sigstore.token({ email: 'other@example.com' }) };
    const world = await worldOf(await signingIn(given));
    const target = { repository: 'a.test/app', digest: world.digest, reference: REFERENCE };
    const wants = { signature: true, record: false };
    await signDigest({ ...world.services, format: 'legacy' }, target, call);
    expect(told(await world.check({ mirrors: [], wants }))).toEqual(['a signature verified']);
    const others = await digestSigning(world.registry, await signingIn(given, { env: theirs }), 'bundle');
    await signDigest(others, target, call);
    expect(told(await world.check({ mirrors: [], wants }))).toEqual([
      'a signature unsigned cosign reads no .sig if there is a bundle, and no bundle is signed by an expected identity',
    ]);
    await signDigest(world.services, target, call);
    expect(told(await world.check({ mirrors: [], wants }))).toEqual(['a signature verified']);
  });

  it('requires the signature of each platform, and a record only for the index', async () => {
    const { signing } = await opened();
    const image = buildMultiPlatform({ seed: 1 }, ['linux/amd64', 'linux/arm64']);
    const world = await worldOf(signing, image);
    await signAndRecord(world);
    const check = await world.check({ mirrors: [] });
    expect(check.subjects).toHaveLength(3);
    expect(told(check).toSorted()).toEqual(['a record verified', ...Array<string>(3).fill('a signature verified')]);
    const [platform] = image.children;
    if (platform === undefined) throw new Error('an index has platforms');
    const { digest } = platform.manifest.descriptor;
    const store = world.registry.store('a.test');
    store.remove('app', 'manifest', cosignTag(digest, 'sig'));
    for (const one of await world.registry.listReferrers('a.test/app', digest, call))
      store.remove('app', 'manifest', one.digest);
    const { findings } = await world.check({ mirrors: [] });
    expect(findings.filter(({ status }) => status !== 'verified')).toEqual([
      { subject: digest, repository: 'a.test/app', what: 'signature', status: 'unsigned' },
    ]);
  });

  it('checks only what was requested', async () => {
    const { signing } = await opened();
    const world = await worldOf(signing);
    expect(told(await world.check({ mirrors: [], wants: { signature: false, record: true } }))).toEqual([
      'a record unsigned',
    ]);
    expect(told(await world.check({ mirrors: [], wants: { signature: true, record: false } }))).toEqual([
      'a signature unsigned',
    ]);
  });

  it('finds nothing for a digest that the primary lacks, and continues after an unreadable mirror', async () => {
    const { signing } = await opened();
    let down = 'c.test/app';
    const world = await worldOf(signing, buildImage({ seed: 1 }), ({ repository }) => {
      if (repository === down) throw new PromotionError('DENIED', 'not for you');
    });
    expect(await world.check({ digest: `sha256:${'0'.repeat(64)}` })).toEqual({
      subjects: [],
      findings: [],
      unread: [],
    });
    await signAndRecord(world);
    world.replicate('b.test');
    const check = await world.check();
    expect(told(check)).toHaveLength(4);
    expect(check.unread).toMatchObject([{ repository: 'c.test/app', error: { code: 'DENIED' } }]);
    down = 'a.test/app';
    expect(await world.check()).toMatchObject({ findings: [], unread: [{ repository: 'a.test/app' }] });
  });

  it('requests no tag for a sha512, which would be too long', async () => {
    const { signing } = await opened();
    const world = await worldOf(signing);
    const { bytes, descriptor } = buildImage({ seed: 1 }).manifest;
    const digest = digestOf(bytes, `sha512:${'0'.repeat(128)}`);
    world.registry.store('a.test').putManifest('app', digest, descriptor.mediaType, bytes);
    expect(told(await world.check({ mirrors: [], digest }))).toEqual(['a signature unsigned', 'a record unsigned']);
    expect(world.calls.map(({ reference }) => reference).filter((reference) => reference.endsWith('.sig'))).toEqual([]);
  });
});
