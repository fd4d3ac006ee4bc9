import { describe, expect, it } from 'vitest';
import { signedWorld, type SignedWorld } from '../../../test/support/attached.ts';
import type { FaultHook } from '../../../test/support/registry/faults.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import { MEDIA_TYPES } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import { blobOf } from '../../../test/support/memory-registry/store.ts';
import { EMPTY_CONFIG } from '../../registry/attaching/attacher.ts';
import { attachedTo, type Attached } from './attached.ts';
import { SIMPLE_SIGNING } from '../formats/cosign-layer.ts';
import { BUNDLE_TYPE } from './publish.ts';
import { signDigest } from '../writing/sign-digest.ts';

const ENVELOPE = 'application/vnd.dsse.envelope.v1+json';
const SIG_OURS = ['sig', 'signature', 'verified'];
const BUNDLE_OURS = ['bundle', 'signature', 'verified'];

/** A registry that takes images of which parts are missing. */
const opened = (fault?: FaultHook): Promise<SignedWorld> =>
  signedWorld({ registry: { allowMissing: true, ...(fault !== undefined && { fault }) } });

const attached = (world: SignedWorld): Promise<readonly Attached[]> =>
  attachedTo(world.registry, world.services.verifier, world.repository, world.subject.digest, world.call);

async function sign(world: SignedWorld): Promise<void> {
  const target = { repository: world.repository, digest: world.subject.digest, reference: 'prod.test/app' };
  await signDigest(world.services, target, world.call);
}

/** Form, kind, status, and why. */
const told = (all: readonly Attached[]): readonly string[][] =>
  all.map(({ form, kind, verdict: { status, reason } }) => [
    form,
    kind,
    status,
    ...(reason === undefined ? [] : [reason]),
  ]);

type Layer = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: object | null;
};

/** A layer of these bytes, which the registry holds. */
function layer({ server }: SignedWorld, mediaType: string, text: string): Layer {
  const bytes = Buffer.from(text);
  server.store.putBlob('app', digestOf(bytes), blobOf(bytes));
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function put({ server }: SignedWorld, reference: string | undefined, more: object): Digest {
  const document = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: EMPTY_CONFIG.descriptor, ...more };
  const bytes = Buffer.from(JSON.stringify(document));
  const stored = server.store.putManifest('app', reference ?? digestOf(bytes), MEDIA_TYPES.ociManifest, bytes);
  if ('refused' in stored) throw new Error(stored.message);
  return stored.digest;
}

const putSig = (world: SignedWorld, layers: readonly unknown[]): Digest =>
  put(world, cosignTag(world.subject.digest, 'sig'), { layers });

const refer = (world: SignedWorld, more: object): Digest => put(world, undefined, { subject: world.subject, ...more });

describe('src/attest/attached/attached.ts', () => {
  it('returns nothing after three requests if nothing is attached', async () => {
    const world = await opened();
    world.server.counters.reset();
    expect(await attached(world)).toEqual([]);
    expect(world.asked()).toHaveLength(3);
  });

  it('reports an invalid .sig layer, and verifies the others', async () => {
    const world = await opened();
    await sign(world);
    const sig = await world.registry.readManifest(world.repository, cosignTag(world.subject.digest, 'sig'), world.call);
    const { layers: ours } = JSON.parse(Buffer.from(sig?.bytes ?? []).toString()) as {
      readonly layers: readonly Layer[];
    };
    const missing = { mediaType: SIMPLE_SIGNING, digest: digestOf(Buffer.from('missing')), size: 7 };
    putSig(world, [
      layer(world, SIMPLE_SIGNING, 'garbage'),
      missing,
      { ...missing, size: 65_537 },
      { ...layer(world, SIMPLE_SIGNING, 'other size'), size: 3, annotations: null },
      layer(world, 'text/plain', 'text'),
      ...ours.map((one) => ({ ...one, size: 1 })),
      ...ours,
    ]);
    expect(told(await attached(world))).toEqual([
      ['sig', 'other', 'unverifiable', 'its payload is not an image signature'],
      ['sig', 'other', 'unverifiable', expect.stringContaining('404')],
      ['sig', 'other', 'unverifiable', expect.stringMatching(/has 65537 bytes, more than 65536$/)],
      ['sig', 'other', 'failed', expect.stringContaining('more than 3 bytes')],
      ['sig', 'other', 'unverifiable', `it is of type text/plain, not ${SIMPLE_SIGNING}`],
      ['sig', 'other', 'failed', expect.stringContaining('more than 1 bytes')],
      SIG_OURS,
      BUNDLE_OURS,
    ]);
  });

  it.each([
    ['not an image', { manifests: [] }, 'it is not an image'],
    [
      'with more layers than cosign reads',
      { layers: Array.from({ length: 1001 }, () => EMPTY_CONFIG.descriptor) },
      'it has 1001 layers, more than 1000',
    ],
  ])('reports a .sig tag that is %s', async (_what, more, reason) => {
    const world = await opened();
    put(world, cosignTag(world.subject.digest, 'sig'), more);
    world.server.counters.reset();
    expect(told(await attached(world))).toEqual([['sig', 'other', 'unverifiable', reason]]);
    expect(world.asked()).toHaveLength(3);
  });

  it('reads a payload once that several signatures share', async () => {
    const world = await opened();
    const payload = layer(world, SIMPLE_SIGNING, 'payload');
    putSig(world, [payload, payload, payload]);
    world.server.counters.reset();
    expect(await attached(world)).toHaveLength(3);
    expect(world.asked().filter((request) => request.includes('/blobs/'))).toHaveLength(1);
  });

  it('verifies the layers of an .att tag', async () => {
    const world = await opened();
    const tag = cosignTag(world.subject.digest, 'att');
    put(world, tag, { layers: [layer(world, ENVELOPE, '{}'), layer(world, SIMPLE_SIGNING, 'payload')] });
    expect(told(await attached(world))).toEqual([
      ['att', 'other', 'unverifiable', 'it is not a DSSE envelope'],
      ['att', 'other', 'unverifiable', `it is of type ${SIMPLE_SIGNING}, not ${ENVELOPE}`],
    ]);
  });

  it('reports an invalid referrer, and verifies the others', async () => {
    const world = await opened();
    await sign(world);
    const bundle = layer(world, BUNDLE_TYPE, 'no bundle');
    const others = [
      refer(world, { artifactType: 'text/html', layers: [layer(world, 'text/html', '<p>')] }),
      refer(world, { artifactType: BUNDLE_TYPE, layers: [bundle] }),
      refer(world, { artifactType: BUNDLE_TYPE, layers: [bundle, bundle] }),
      refer(world, { artifactType: BUNDLE_TYPE, layers: [{ ...bundle, size: 2 ** 30 }] }),
      refer(world, { artifactType: BUNDLE_TYPE, layers: [] }),
      refer(world, { artifactType: BUNDLE_TYPE }),
    ];
    const all = await attached(world);
    const of = new Map(all.map((one) => [one.manifest, one]));
    expect(told(others.flatMap((digest) => of.get(digest) ?? []))).toEqual([
      ['other', 'other', 'unverifiable', 'it is not a Sigstore bundle'],
      ['bundle', 'other', 'unverifiable', 'it is not JSON'],
      ['bundle', 'other', 'unverifiable', 'it has more than one layer'],
      ['bundle', 'other', 'unverifiable', expect.stringMatching(/has 1073741824 bytes/)],
      ['other', 'other', 'unverifiable', 'it is not a Sigstore bundle'],
      ['other', 'other', 'unverifiable', 'it is not a Sigstore bundle'],
    ]);
    expect(of.get(others[0] ?? world.subject.digest)?.mediaType).toBe('text/html');
    expect(told(all)).toEqual(expect.arrayContaining([SIG_OURS, BUNDLE_OURS]));
    expect(all.every(({ error }) => error === undefined)).toBe(true);
  });

  it('reports an item that cannot be read for now as of unknown kind', async () => {
    let bad = '';
    const world = await opened(({ path }) => (bad !== '' && path.endsWith(bad) ? { status: 403 } : undefined));
    await sign(world);
    bad = refer(world, { artifactType: 'text/html', layers: [] });
    const [unread, ...others] = (await attached(world)).toSorted((a) => (a.error === undefined ? 1 : -1));
    expect(unread).toMatchObject({ form: 'other', manifest: bad, error: { code: 'DENIED' } });
    expect(told(others)).toEqual([SIG_OURS, BUNDLE_OURS]);
  });

  it.each(['.sig', '.att', '/referrers/'])('throws if %s cannot be read', async (part) => {
    const world = await opened(({ path }) => (path.includes(part) ? { status: 403 } : undefined));
    await expect(attached(world)).rejects.toMatchObject({ code: 'DENIED' });
  });

  it('stops when the run is aborted', async () => {
    const world = await opened();
    await sign(world);
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    const call = { signal: stop.signal };
    await expect(
      attachedTo(world.registry, world.services.verifier, world.repository, world.subject.digest, call),
    ).rejects.toThrow('stopped');
  });
});
