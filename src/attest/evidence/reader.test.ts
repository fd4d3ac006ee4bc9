import { describe, expect, it } from 'vitest';
import { signedWorld, type SignedWorld } from '../../../test/support/attached.ts';
import { attachBytes, attest, referSignatures, slsa, SLSA_V1, SPDX } from '../../../test/support/evidence.ts';
import { requiring } from '../../../test/support/policies.ts';
import { keySigner } from '../../../test/support/key-signer.ts';
import { rejection } from '../../../test/support/http-request.ts';
import type { FaultHook } from '../../../test/support/registry/faults.ts';
import { buildAttestation, buildIndex, buildMultiPlatform } from '../../../test/support/registry/images.ts';
import { openedSigning, signingIn } from '../../../test/support/signing.ts';
import { SIGNER } from '../../../test/support/sigstore/oidc.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { MEDIA_TYPES } from '../../image/descriptor.ts';
import { EMPTY_CONFIG } from '../../registry/attaching/attacher.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import { digestOf } from '../../image/digest.ts';
import { judge } from '../../policy/judge.ts';
import type { Evidence } from '../../policy/provenance.ts';
import { blobOf } from '../../../test/support/memory-registry/store.ts';
import { evidenceReader, type EvidenceReader } from './reader.ts';
import { allItems, signatureOf } from './state.ts';
import { verifierWithoutTrust, withoutTrust } from '../verifying/without-trust.ts';
import type { Verifier } from '../roles.ts';
import { signDigest } from '../writing/sign-digest.ts';
import { statementBytes } from '../formats/statement.ts';

const forever = new AbortController().signal;
const VEX = 'https://openvex.dev/ns/v0.2.0';

type Read = {
  readonly reader: EvidenceReader;
  read(depth?: 'itself' | 'platforms'): Promise<Evidence>;
  opened(): number;
};

function reading(world: SignedWorld, verifier: Verifier = world.services.verifier): Read {
  let opened = 0;
  const reader = evidenceReader({
    registry: world.registry,
    manifestOf: (repository, digest) => world.registry.readManifest(repository, digest, world.call),
    verifier: () => {
      opened += 1;
      return Promise.resolve(verifier);
    },
  });
  const { digest } = world.subject;
  return {
    reader,
    read: (depth = 'itself') => reader.read({ repository: world.repository, digest }, depth, forever),
    opened: () => opened,
  };
}

const told = (evidence: Evidence): readonly string[] =>
  allItems(evidence)
    .map(({ kind, form, status, reason }) => [form, kind, status, ...(reason ? [reason] : [])].join(' '))
    .toSorted();

const of = (world: SignedWorld) => [world.server.store, 'app', world.subject] as const;

describe('src/attest/evidence/reader.ts', () => {
  it('sends two requests, once, for an image without attachments, and opens no verifier', async () => {
    const world = await signedWorld();
    const { read, opened } = reading(world);
    world.server.counters.reset();
    const all = await Promise.all([read(), read(), read()]);
    await read();
    expect(all[0]).toMatchObject({ repository: world.repository, isIndex: false, items: [], platforms: [] });
    const asked = world.asked().filter((request) => !request.includes('/manifests/sha256:'));
    expect(asked.map((request) => request.replace(/sha256:\w+|\?.*/, '')).toSorted()).toEqual([
      'GET /v2/app/referrers/',
      'GET /v2/app/tags/list',
    ]);
    expect(opened()).toBe(0);
  });

  it('opens no verifier if no attachment is a signature', async () => {
    const world = await signedWorld();
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociManifest,
        artifactType: 'application/vnd.acme.sbom',
        config: EMPTY_CONFIG.descriptor,
        layers: [{ ...EMPTY_CONFIG.descriptor, mediaType: 'application/vnd.acme.sbom' }],
        subject: world.subject,
      }),
    );
    world.server.store.putBlob('app', EMPTY_CONFIG.descriptor.digest, blobOf(EMPTY_CONFIG.bytes));
    world.server.store.putManifest('app', digestOf(bytes), MEDIA_TYPES.ociManifest, bytes);
    const { read, opened } = reading(world);
    expect([await read(), opened()]).toMatchObject([{ items: [] }, 0]);
    expect(world.asked()).toContain(`GET /v2/app/manifests/${digestOf(bytes)}`);
  });

  it('waits long for a trust root only under a policy', async () => {
    const clock = fakeClock();
    const [needs, reasons]: [string[], string[]] = [[], []];
    const never = (signal: AbortSignal): Promise<Verifier> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const open = withoutTrust(never, { clock, onMissingTrust: (reason) => void reasons.push(reason) });
    const informed = open(forever, 'inform').then(() => void needs.push('inform'));
    void open(forever, 'judge').then(() => void needs.push('judge'));
    await clock.advance(60_000);
    await informed;
    expect([needs, reasons]).toEqual([['inform'], ['no response within 10 s']]);
  });

  it.each([true, false])('finds each form and kind (referrers API: %s)', async (referrers) => {
    const world = await signedWorld({ registry: { referrers } });
    const { signer } = world.services;
    const target = { repository: world.repository, digest: world.subject.digest, reference: 'staging.test/app' };
    await signDigest(world.services, target, world.call);
    const predicate = slsa('https://ci.example/builder', 'github.com/acme/app');
    if (referrers) await attest(...of(world), signer, { predicateType: SLSA_V1, predicate });
    await attest(...of(world), signer, { predicateType: SPDX, form: 'att' });
    const { read } = reading(world);
    const evidence = await read();
    expect(told(evidence)).toEqual([
      'att sbom verified',
      ...(referrers ? ['bundle provenance verified'] : []),
      'bundle signature verified',
      'sig signature verified',
    ]);
    expect(evidence.items.find(({ form }) => form === 'att')).toMatchObject({
      predicateType: SPDX,
      manifest: cosignTag(world.subject.digest, 'att'),
      signer: { kind: 'keyless', ...SIGNER },
      sources: [],
    });
    if (!referrers) return;
    expect(evidence.items.find(({ kind }) => kind === 'provenance')).toMatchObject({
      builder: 'https://ci.example/builder',
      sources: ['git+https://github.com/acme/app@refs/tags/v1'],
      manifest: expect.stringMatching(/^sha256:/),
    });
  });

  it('treats signatures in a referrer like those of a .sig tag', async () => {
    const world = await signedWorld({ format: 'legacy' });
    const target = { repository: world.repository, digest: world.subject.digest, reference: 'staging.test/app' };
    await signDigest(world.services, target, world.call);
    referSignatures(...of(world));
    const evidence = await reading(world).read();
    expect(told(evidence)).toEqual(['sig-referrer signature verified']);
    expect(evidence.items).toMatchObject([
      { signer: { kind: 'keyless', ...SIGNER }, manifest: expect.stringMatching(/^sha256:/) },
    ]);
    expect(signatureOf(evidence)).toBe('verified');
  });

  it('withholds unverifiable evidence only if a policy requires it, with the reason', async () => {
    const world = await signedWorld();
    const { signer } = world.services;
    const [store, path, subject] = of(world);
    const about = { digest: subject.digest, reference: 'staging.test/app', predicateType: SLSA_V1, predicate: {} };
    const bundle = JSON.parse(
      Buffer.from(await signer.signStatement(statementBytes(about), forever)).toString(),
    ) as Record<string, object>;
    const { dsseEnvelope, verificationMaterial } = bundle;
    const forged = [
      { ...bundle, verificationMaterial: { ...verificationMaterial, tlogEntries: [] } },
      { ...bundle, dsseEnvelope: { ...dsseEnvelope, signatures: [] } },
      { ...bundle, mediaType: 'text/plain' },
      { issues: [{ code: 'invalid_type' }] },
    ];
    for (const json of forged) attachBytes(store, path, subject, Buffer.from(JSON.stringify(json)));
    attachBytes(store, path, subject, Buffer.from(JSON.stringify(bundle)).subarray(0, 500));
    const evidence = await reading(world).read();
    expect(told(evidence)).toEqual([
      'bundle other unverifiable it is not JSON',
      'bundle other unverifiable it is not a Sigstore bundle',
      'bundle other unverifiable its envelope has no signature',
      'bundle other unverifiable its media type is not that of a known Sigstore bundle',
      'bundle provenance unverifiable it has no entry of a transparency log',
    ]);
    expect(judge([], evidence).result).toBe('off');
    expect(judge([requiring({ mode: 'warn' })], evidence).result).toBe('warned');
    expect(judge([requiring()], evidence)).toMatchObject({
      result: 'failed',
      violations: [
        {
          code: 'PROVENANCE',
          message: expect.stringContaining('its provenance is unverifiable (it has no entry of a transparency log)'),
        },
      ],
    });
  });

  it('distinguishes verified, foreign, key-signed and tampered evidence', async () => {
    const world = await signedWorld();
    const { signer } = world.services;
    const foreign = await (await openedSigning()).signing.signer(forever);
    const predicateType = SPDX;
    await attest(...of(world), signer, { predicateType });
    await attest(...of(world), signer, { predicateType, form: 'att', tampered: true });
    await attest(...of(world), signer, { predicateType, tampered: true });
    await attest(...of(world), foreign, { predicateType });
    await attest(...of(world), await keySigner(world), { predicateType });
    expect(told(await reading(world).read())).toEqual([
      'att other failed the log entry is about another envelope',
      expect.stringMatching(/^bundle sbom failed /),
      'bundle sbom unverifiable it was signed with an unknown key',
      'bundle sbom unverifiable its certificate is from another authority',
      'bundle sbom verified',
    ]);
  });

  it('treats evidence of another digest or with wrong bytes as tampered, and ignores garbage', async () => {
    const world = await signedWorld({ registry: { allowMissing: true } });
    const { signer } = world.services;
    const [store, path, subject] = of(world);
    await attest(store, path, { ...subject, digest: digestOf(Buffer.from('other')) }, signer, { predicateType: SPDX });
    // the bundle of the other digest, attached to this one
    const [other] = [...(store.repository('app')?.manifests.values() ?? [])].slice(-1);
    const document = JSON.parse(Buffer.from(other?.bytes ?? []).toString()) as object;
    const moved = Buffer.from(JSON.stringify({ ...document, subject }));
    store.putManifest(path, digestOf(moved), other?.mediaType ?? '', moved);
    const html = { mediaType: 'text/html', digest: digestOf(Buffer.from('<p>')), size: 3 };
    store.putBlob(path, html.digest, blobOf(Buffer.from('<p>')));
    const page = Buffer.from(JSON.stringify({ ...document, artifactType: 'text/html', layers: [html], subject }));
    store.putManifest(path, digestOf(page), other?.mediaType ?? '', page);
    expect(told(await reading(world).read())).toEqual(['bundle sbom failed it is about another digest']);
  });

  it.each([
    ['the list of referrers', '/referrers/'],
    ['an attestation', '/blobs/'],
  ])('throws if %s responds 500, which does not prove absence', async (_, part) => {
    const fault: FaultHook = ({ path }) => (armed && path.includes(part) ? { status: 500 } : undefined);
    let armed = false;
    const world = await signedWorld({ registry: { fault } });
    await attest(...of(world), world.services.signer, { predicateType: SPDX });
    armed = true;
    expect(await rejection(reading(world).read())).toMatchObject({ code: 'REGISTRY_ERROR' });
  });

  it('requests each tag if tags cannot be listed', async () => {
    const fault: FaultHook = ({ path }) => (path.includes('/tags/list') ? { status: 403 } : undefined);
    const world = await signedWorld({ registry: { fault } });
    await attest(...of(world), world.services.signer, { predicateType: SPDX, form: 'att' });
    expect(told(await reading(world).read())).toEqual(['att sbom verified']);
  });

  it('reads unlisted tags on request', async () => {
    const empty = { status: 200, headers: { 'content-type': 'application/json' }, body: '{"name":"app","tags":[]}' };
    const fault: FaultHook = ({ path }) => (path.includes('/tags/list') ? empty : undefined);
    const world = await signedWorld({ registry: { fault } });
    await attest(...of(world), world.services.signer, { predicateType: VEX, form: 'att' });
    const { read, reader } = reading(world);
    const subject = { repository: world.repository, digest: world.subject.digest };
    expect(told(await read())).toEqual([]);
    expect(told(await reader.read(subject, 'itself', forever, 'unlisted'))).toHaveLength(1);
    expect(await reader.statements(subject, forever)).toHaveLength(1);
  });

  it('follows an index to its platforms on request', async () => {
    const platformsOf = buildMultiPlatform({ seed: 3 }, ['linux/amd64', 'unknown/unknown']).children;
    const image = buildIndex([...platformsOf, ...platformsOf.slice(0, 1).map(buildAttestation)]);
    const world = await signedWorld({ image });
    const [store, path] = of(world);
    for (const { manifest } of image.children)
      await attest(store, path, manifest.descriptor, world.services.signer, { predicateType: VEX });
    const { read, reader } = reading(world);
    expect(await read()).toMatchObject({ isIndex: true, items: [], platforms: [] });
    const { platforms } = await read('platforms');
    expect(platforms.map(({ digest, items }) => [digest, items.length])).toEqual(
      image.children.slice(0, 2).map(({ manifest }) => [manifest.descriptor.digest, 1]),
    );
    const statements = await reader.statements({ repository: world.repository, digest: world.subject.digest }, forever);
    expect(statements.map(({ statement }) => statement.predicateType)).toEqual([VEX, VEX]);
  });

  it('reports everything as unverifiable without a trusted signer, except evidence of another digest', async () => {
    const world = await signedWorld();
    await attest(...of(world), world.services.signer, { predicateType: SPDX });
    await attest(...of(world), world.services.signer, { predicateType: SPDX, form: 'att' });
    const blind = await verifierWithoutTrust('nobody is trusted');
    expect(told(await reading(world, blind).read())).toEqual([
      'att sbom unverifiable nobody is trusted',
      'bundle sbom unverifiable nobody is trusted',
    ]);
  });

  it('continues without a trusted root, and says so once', async () => {
    const { sigstore, clock } = await openedSigning();
    const missing = await signingIn({ sigstore, clock }, { trustedRoots: ['/nonexistent/root.json'] });
    const reasons: string[] = [];
    const open = withoutTrust(missing.verifier, { clock, onMissingTrust: (reason) => void reasons.push(reason) });
    await Promise.all([open(forever, 'judge'), open(forever, 'judge')]);
    expect(reasons).toEqual([expect.stringContaining('/nonexistent/root.json cannot be read')]);
  });
});
