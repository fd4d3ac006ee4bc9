import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Signer } from '../../src/attest/roles.ts';
import { MEDIA_TYPES, type Descriptor } from '../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { blobOf } from '../support/memory-registry/store.ts';
import { realClock } from '../../src/clock.ts';
import type { ReportDocument } from '../../src/report/model/schema.ts';
import { SCAN_RECORD } from '../../src/scan/scanners/attestations.ts';
import { attest, slsa, SLSA_V1 } from '../support/evidence.ts';
import { homeWith } from '../support/home.ts';
import type { CipRun } from '../support/promotion/cip.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import type { ProjectSpec } from '../support/promotion/tree.ts';
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

const CONFIRM = ['--confirm', `--certificate-identity=${SIGNER.subject}`];

const unknown = { os: 'unknown', architecture: 'unknown' };
const claim = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digestIn(amd) };

/** An entry `name` of staging for each case, all promoted by one run beside a good image; the problems of each by its name. */
async function runAll(
  world: SigningStage & { good(): Descriptor },
  entries: readonly ProjectSpec['entries'][number][],
  flags: readonly string[],
  { manifest = '', env }: { readonly manifest?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<CipRun & { problemsOf(name: string): string }> {
  const report = join(await homeWith({}), 'report.json');
  const projects = [
    world.project(entries, { manifest }),
    world.project([['good', world.good().digest, 'v1']], { name: 'good', from: `${world.staging.host}/good` }),
  ];
  const run = await world.run(projects, [...flags, `--report=${report}`], env && { env });
  const { failures } = JSON.parse(await readFile(report, 'utf8')) as ReportDocument;
  const told = (name: string): readonly string[] =>
    failures.filter(({ image: of }) => of === name).map(({ code, message }) => `${code} ${message}`);
  return { ...run, problemsOf: (name) => told(name).join('\n') };
}

/** The repositories of the only mirror. */
const written = ({ mirrors: [mirror] }: SigningStage): readonly string[] =>
  Object.keys(mirror?.snapshot() ?? {}).toSorted();

describe('hostile images in staging', () => {
  const unproven: readonly (readonly [what: string, named: Record<string, unknown>, code: string])[] = [
    ['calls its platform unknown', { platform: unknown }, 'PROVENANCE'],
    ['has null for its os', { platform: { os: null, architecture: null } }, 'PROVENANCE'],
    ['has no platform', { platform: undefined }, 'PROVENANCE'],
    ['is annotated as an attestation', { platform: unknown, annotations: claim }, 'PROVENANCE'],
    ['calls itself what another is', { platform: { os: 'linux', architecture: 'amd64' } }, 'PROVENANCE'],
    ['has a number for its os', { platform: { os: 1 } }, 'UNSUPPORTED_MANIFEST'],
    ['has a string for its platform', { platform: 'unknown/unknown' }, 'UNSUPPORTED_MANIFEST'],
    ['has keys in another case', { platform: { ...unknown, Architecture: 'arm64' } }, 'UNSUPPORTED_MANIFEST'],
  ];

  it('hold an index back, unsigned, for a child that is not proven, whatever it calls itself', async () => {
    const world = await stage();
    const entries: (readonly [string, string, string])[] = [];
    for (const [index, [, named]] of unproven.entries()) {
      const built = buildIndex([amd, { ...evil, named }, buildAttestation(amd)]);
      storeImage(world.staging.store, `staging/app-${index}`, built, ['b']);
      await attest(world.staging.store, `staging/app-${index}`, amd.manifest.descriptor, world.own, PROVEN);
      entries.push([`app-${index}`, digestIn(built), 'v1']);
    }
    const { code: exit, problemsOf } = await runAll(world, entries, CONFIRM, { manifest: REQUIRE });
    expect(exit).toBe(1);
    for (const [index, [what, , code]] of unproven.entries())
      expect(problemsOf(`app-${index}`), what).toMatch(new RegExp(`^${code} `, 'm'));
    expect(written(world)).toEqual(['prod/good']);
    const good = `${world.mirrors[0]?.host}/prod/good`;
    expect(await world.attached(good, world.good().digest)).not.toEqual([]);
  });

  it('include an index whose platforms are proven: it is promoted, its attestation neither judged nor signed', async () => {
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

  const unscanned: readonly (readonly [what: string, children: readonly BuiltImage[], architecture?: string])[] = [
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
  ];

  it('are not taken for scanned where another image is', async () => {
    const world = await stage();
    const entries: (readonly [string, string, string])[] = [];
    for (const [nth, [, children, architecture]] of unscanned.entries()) {
      const index = buildIndex(children);
      storeImage(world.staging.store, `staging/app-${nth}`, index, ['b']);
      const platform = architecture === undefined ? {} : { platform: ['linux', architecture] as const };
      const report = trivyJson({ reference: `app@${digestIn(index)}`, found: [], ...platform });
      await attest(world.staging.store, `staging/app-${nth}`, index.manifest.descriptor, world.own, {
        predicateType: SCAN_RECORD,
        predicate: { scanner: { uri: '', result: report } },
      });
      entries.push([`app-${nth}`, digestIn(index), 'v1']);
    }
    const run = await world.run([world.project(entries)], [...CONFIRM, '--vuln-gate']);
    expect(run.code).toBe(1);
    expect(run.stdout.split('NOT SCANNED').length - 1, run.stdout).toBe(unscanned.length);
    expect(written(world)).toEqual([]);
  });

  const { mediaType, ...image } = JSON.parse(Buffer.from(amd.manifest.bytes).toString('utf8')) as Record<
    string,
    unknown
  >;
  const text = (more: string, rest: object = image): string => `{${more}${JSON.stringify(rest).slice(1)}`;
  const { layers, ...bare } = image;
  const malformed: readonly (readonly [what: string, bytes: string | Uint8Array, problem: RegExp])[] = [
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
  ];

  it('are refused in the plan, and cost few requests, if their manifest can be read in two ways', async () => {
    const world = await stage();
    const entries = malformed.map(
      ([, bytes], index) =>
        [`app-${index}`, put(world, `staging/app-${index}`, bytes, mediaType as string), 'v1'] as const,
    );
    const dry = await runAll(world, entries, [], { env: {} });
    expect(dry.code).toBe(1);
    for (const [index, [what, , problem]] of malformed.entries()) {
      const told = dry.problemsOf(`app-${index}`);
      expect(told, what).toMatch(/^UNSUPPORTED_MANIFEST /);
      expect(told, what).toMatch(problem);
      const path = `staging/app-${index}/manifests/`;
      expect(world.staging.counters.log.filter((one) => one.path.includes(path)).length, what).toBeLessThanOrEqual(2);
    }
    const run = await runAll(world, entries, ['--confirm', '--sign=false']);
    expect(run.code).toBe(1);
    expect(written(world)).toEqual(['prod/good']);
  });
});
