import { describe, expect, it } from 'vitest';
import type { Signer } from '../../src/attest/roles.ts';
import { MEDIA_TYPES, type Descriptor } from '../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { blobOf } from '../support/memory-registry/store.ts';
import { realClock } from '../../src/clock.ts';
import { SCAN_RECORD } from '../../src/scan/scanners/attestations.ts';
import { attest, slsa, SLSA_V1 } from '../support/evidence.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { buildAttestation, buildImage, buildIndex, storeImage, type BuiltImage } from '../support/registry/images.ts';
import { trivyJson } from '../support/scanners/reports.ts';
import { signingIn } from '../support/signing.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const forever = new AbortController().signal;
const BUILDER = 'https://ci.example/builder';
const PROVEN = { predicateType: SLSA_V1, predicate: slsa(BUILDER, 'github.com/acme/app') };
const REQUIRE = `provenance:
  mode: require
  signers: ["sigstore::${SIGNER.issuer}::${SIGNER.subject}"]
  builders: [{ id: "${BUILDER}", level: 3 }]
  sources: [github.com/acme/app]
`;

const amd = buildImage({ seed: 1 });
const evil = buildImage({ seed: 666, platform: 'linux/arm64' });

const digestIn = ({ manifest }: BuiltImage): Digest => manifest.descriptor.digest;

/** A repository of staging with these bytes, whatever they are, and the blobs of an image. */
function put({ staging }: SigningStage, path: string, text: string | Uint8Array, type: string): Digest {
  const bytes = Buffer.from(text);
  const digest = digestOf(bytes);
  const manifest = { mediaType: type, size: bytes.length, bytes, uploadedAt: 0 };
  const blobs = new Map(amd.blobs.map(({ descriptor, content }) => [descriptor.digest, content]));
  blobs.set(digestOf(Buffer.from('x')), blobOf(Buffer.from('x')));
  staging.store.load(path, { manifests: new Map([[digest, manifest]]), tags: new Map([['b', digest]]), blobs });
  return digest;
}

async function stage(): Promise<SigningStage & { readonly own: Signer; good(): Descriptor }> {
  const world = await signingStage(1);
  const own = await (await signingIn({ sigstore: world.sigstore, clock: realClock() })).signer(forever);
  const good = (): Descriptor => storeImage(world.staging.store, 'good/good', buildImage({ seed: 5 }), ['b']);
  return { ...world, own, good };
}

/** The tags of images in the only mirror. */
const mirrored = ({ mirrors: [mirror] }: SigningStage): readonly string[] =>
  ['app', 'good'].flatMap((name) =>
    Object.keys(mirror?.snapshot()[`prod/${name}`]?.tags ?? {}).filter((tag) => !tag.endsWith('.sig')),
  );

const CONFIRM = ['--confirm', `--certificate-identity=${SIGNER.subject}`];

const unknown = { os: 'unknown', architecture: 'unknown' };
const claim = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digestIn(amd) };

describe('hostile images in staging', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['calls its platform unknown', { platform: unknown }, 'PROVENANCE'],
    ['has null for its os', { platform: { os: null, architecture: null } }, 'PROVENANCE'],
    ['has no platform', { platform: undefined }, 'PROVENANCE'],
    ['is annotated as an attestation', { platform: unknown, annotations: claim }, 'PROVENANCE'],
    ['calls itself what another is', { platform: { os: 'linux', architecture: 'amd64' } }, 'PROVENANCE'],
    ['has a number for its os', { platform: { os: 1 } }, 'UNSUPPORTED_MANIFEST'],
    ['has a string for its platform', { platform: 'unknown/unknown' }, 'UNSUPPORTED_MANIFEST'],
    ['has keys in another case', { platform: { ...unknown, Architecture: 'arm64' } }, 'UNSUPPORTED_MANIFEST'],
  ])('an unproven child that %s holds its index back, and is not signed', async (_, named, code) => {
    const world = await stage();
    const index = buildIndex([amd, { ...evil, named }, buildAttestation(amd)]);
    storeImage(world.staging.store, 'staging/app', index, ['b']);
    await attest(world.staging.store, 'staging/app', amd.manifest.descriptor, world.own, PROVEN);
    const good = world.good();
    const { code: exit, summary } = await world.run(
      [
        world.project([['app', digestIn(index), 'v1']], { manifest: REQUIRE }),
        world.project([['good', good.digest, 'v1']], { name: 'good', from: `${world.staging.host}/good` }),
      ],
      CONFIRM,
    );
    expect(exit).toBe(1);
    expect(summary).toContain(code);
    expect(mirrored(world)).toEqual(['v1']);
    const host = world.mirrors[0]?.host ?? '';
    expect(await world.attached(`${host}/prod/good`, good.digest)).not.toEqual([]);
    expect(await world.attached(`${host}/prod/app`, digestIn(evil))).toEqual([]);
  });

  it('an index whose platforms are proven is promoted, and its attestation neither judged nor signed', async () => {
    const world = await stage();
    const attestation = buildAttestation(amd);
    const index = buildIndex([amd, attestation]);
    storeImage(world.staging.store, 'staging/app', index, ['b']);
    await attest(world.staging.store, 'staging/app', amd.manifest.descriptor, world.own, PROVEN);
    const run = await world.run([world.project([['app', digestIn(index), 'v1']], { manifest: REQUIRE })], CONFIRM);
    expect(run.code, run.summary).toBe(0);
    const name = `${world.mirrors[0]?.host}/prod/app`;
    expect(await world.attached(name, digestIn(amd))).not.toEqual([]);
    expect(await world.attached(name, digestIn(attestation))).toEqual([]);
  });

  it.each<[string, readonly BuiltImage[], string?]>([
    ['a second child that calls itself linux/amd64', [amd, { ...evil, named: { platform: amd.platform } }], 'amd64'],
    [
      'arm/v7 beside a scanned arm/v6',
      [
        { ...amd, named: { platform: { os: 'linux', architecture: 'arm', variant: 'v6' } } },
        { ...evil, named: { platform: { os: 'linux', architecture: 'arm', variant: 'v7' } } },
      ],
      'arm',
    ],
    ['a child of an index below', [amd, buildIndex([evil])], 'amd64'],
    ['a platform of an index with a report that names none', [amd, evil]],
  ])('%s is not taken for scanned', async (_, children, architecture) => {
    const world = await stage();
    const index = buildIndex(children);
    storeImage(world.staging.store, 'staging/app', index, ['b']);
    const platform = architecture === undefined ? {} : { platform: ['linux', architecture] as const };
    const report = trivyJson({ reference: `app@${digestIn(index)}`, found: [], ...platform });
    await attest(world.staging.store, 'staging/app', index.manifest.descriptor, world.own, {
      predicateType: SCAN_RECORD,
      predicate: { scanner: { uri: '', result: report } },
    });
    const run = await world.run([world.project([['app', digestIn(index), 'v1']])], [...CONFIRM, '--vuln-gate']);
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('NOT SCANNED');
    expect(mirrored(world)).toEqual([]);
  });

  const { mediaType, ...image } = JSON.parse(Buffer.from(amd.manifest.bytes).toString('utf8')) as Record<
    string,
    unknown
  >;
  const text = (more: string, rest: object = image): string => `{${more}${JSON.stringify(rest).slice(1)}`;
  const { layers, ...bare } = image;
  it.each<[string, string | Uint8Array, RegExp]>([
    ['layers twice', text('"layers":[],'), /has the key "layers" twice/],
    ['layers in capitals', text('', { ...bare, Layers: layers }), /"Layers" is written for "layers"/],
    [
      'a descriptor in capitals',
      text('', { ...image, config: { ...(image['config'] as object), Digest: 'x' } }),
      /"Digest"/,
    ],
    ['a layer of another type', text('', { ...image, layers: [7] }), /layers\.0/],
    [
      'a config elsewhere',
      text('', { ...image, config: { ...(image['config'] as object), urls: ['https://a.test'] } }),
      /urls/,
    ],
    [
      'invalid UTF-8',
      Buffer.concat([
        Buffer.from('{"annotations":{"a":"'),
        Buffer.from([0xff]),
        Buffer.from(`"},${JSON.stringify(image).slice(1)}`),
      ]),
      /not valid UTF-8/,
    ],
    ['another type than it is served as', text(`"mediaType":"${MEDIA_TYPES.dockerManifest}",`), /is served as/],
    ['a media type of several lines', text('"mediaType":"application/x\\r\\nHost: evil",'), /is not a media type/],
    ['a media type of 10 kB', text(`"mediaType":"application/${'x'.repeat(10_000)}",`), /is not a media type/],
    [
      'a layer with such a media type',
      text('', { ...image, layers: [{ ...(layers as object[])[0], mediaType: 'a\nb' }] }),
      /layers\.0\.mediaType/,
    ],
    [
      'an integer as a fraction',
      text('', image).replace('"schemaVersion":2', '"schemaVersion":2.0'),
      /with a fraction/,
    ],
    ['deep nesting', text(`"x":${'['.repeat(5000)}${']'.repeat(5000)},`), /nested more than/],
  ])('a manifest with %s is refused in the plan, and costs a few requests', async (_, bytes, problem) => {
    const world = await stage();
    const digest = put(world, 'staging/app', bytes, mediaType as string);
    const good = world.good();
    const projects = [
      world.project([['app', digest, 'v1']]),
      world.project([['good', good.digest, 'v1']], { name: 'good', from: `${world.staging.host}/good` }),
    ];
    const dry = await world.run(projects, [], { env: {} });
    expect(dry.code).toBe(1);
    expect(dry.summary).toContain('UNSUPPORTED_MANIFEST');
    expect(dry.summary).toMatch(problem);
    const asked = world.staging.counters.log.filter(({ path }) => path.includes('staging/app/manifests/'));
    expect(asked.length).toBeLessThanOrEqual(2);
    const run = await world.run(projects, ['--confirm', '--sign=false']);
    expect(run.code).toBe(1);
    expect(mirrored(world)).toEqual(['v1']);
    expect(world.mirrors[0]?.snapshot()['prod/app']).toBeUndefined();
  });
});
