import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../../src/errors.ts';
import type { World } from '../../integration/uses/world.ts';
import { digestOf, imageOf, LOST_DIGEST } from '../../integration/uses/world.ts';
import { MEDIA_TYPES } from '../../../src/image/descriptor.ts';
import { digestOf as bytesDigest } from '../../../src/image/digest.ts';
import { buildImage, storeImage, type BuiltImage } from '../registry/images.ts';
import type { Fault, FaultRequest } from '../registry/faults.ts';
import type { RegistryOptions } from '../registry/options.ts';
import type { ProjectSpec } from './tree.ts';

/** How a code is provoked: in a tree of `app:v1`, on staging and two mirrors. */
export type ProblemCase = {
  readonly code: ErrorCode;
  readonly options?: RegistryOptions;
  readonly args?: readonly string[];
  readonly project?: (world: World) => Partial<ProjectSpec>;
  /** Spoils the registries, or the tree that was written. */
  readonly spoil?: (world: World, tree: string) => void;
  /** What its sentences must name: which image, file or registry, and what to do. */
  readonly says: readonly RegExp[];
};

const CHART = buildImage({ seed: 9, artifactType: 'application/vnd.acme.chart' });
const SCHEMA_1 = builtOf({ schemaVersion: 1, name: 'app' });

/** A manifest without anything that it names. */
function builtOf(document: object): BuiltImage {
  const bytes = Buffer.from(JSON.stringify(document));
  const descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest: bytesDigest(bytes), size: bytes.length };
  return { manifest: { bytes, descriptor }, blobs: [], children: [] };
}

const CONFIRM = ['--confirm', '--sign=false'];

const entries = (...list: [string, string][]): { readonly entries: ProjectSpec['entries'] } => ({
  entries: list.map(([tag, digest]) => ['app', digest, tag]),
});

/** Makes every request of these kinds fail. */
function always(registry: World['staging'], kinds: readonly FaultRequest['kind'][], fault: Fault): void {
  registry.inject(({ kind }) => (kinds.includes(kind) ? fault : undefined));
}

function onMirrors(kinds: readonly FaultRequest['kind'][], fault: Fault): (world: World) => void {
  return ({ mirrors }) => {
    for (const mirror of mirrors) always(mirror, kinds, fault);
  };
}

function file(name: string, text: string): (world: World, tree: string) => void {
  return (_, tree) => writeFileSync(join(tree, name), text);
}

const errors = (code: string, message: string): string => JSON.stringify({ errors: [{ code, message }] });

/** What is wrong with files and flags. */
export const OFFLINE: readonly ProblemCase[] = [
  {
    code: 'MANIFEST_NOT_FOUND',
    args: ['--manifests', 'nowhere'],
    says: [/there is no such file or folder/, /check the path/],
  },
  {
    code: 'MANIFEST_INVALID',
    spoil: file('manifests/one/promoter-manifest.yaml', 'registries:\n- name: a.io\n'),
    says: [/promoter-manifest\.yaml:2:1/, /no source registry/, /src: true/],
  },
  {
    code: 'ENTRY_INVALID',
    project: () => entries(['v1', 'sha256:short']),
    says: [/images\.yaml:3:5/, /"sha256:short" is not a sha256 digest/, /64 hexadecimal digits/],
  },
  { code: 'REGISTRY_NOT_ALLOWED', args: ['--allow-registry=*.pkg.dev'], says: [/is not allowed/, /--allow-registry/] },
  {
    code: 'POLICY_INVALID',
    spoil: file('promoter-policy.yaml', 'provenance:\n  mode: maybe\n'),
    says: [/promoter-policy\.yaml:2:9/, /"maybe"/, /write require, warn or off/],
  },
  {
    code: 'TAG_CONFLICT',
    project: () => entries(['v1', digestOf(1)], ['v1', digestOf(2)]),
    says: [/tag v1 of app/, /images\.yaml:6/, /keep the tag on one/],
  },
];

/** What the plan and the registries say. */
export const ONLINE: readonly ProblemCase[] = [
  {
    code: 'LOST',
    project: () => entries(['v1', LOST_DIGEST]),
    says: [/_LOST_/, /images\.yaml:3:5/, /push the image to staging again/],
  },
  {
    code: 'TAG_MOVE',
    spoil: ({ mirrors }) => {
      for (const { store } of mirrors) storeImage(store, 'prod/app', imageOf(2), ['v1']);
    },
    says: [/tag moves are not supported/, /give sha256:[0-9a-f]{12}… a new tag/],
  },
  {
    code: 'UNAUTHORIZED',
    options: { auth: { scheme: 'basic', users: { reader: 'secret' } } },
    says: [/reading registry/, /docker login/],
  },
  {
    code: 'DENIED',
    args: CONFIRM,
    spoil: onMirrors(['postUpload'], { status: 403, body: errors('DENIED', 'no') }),
    says: [/start the upload .* 403: DENIED: no/, /use credentials for 127\.0\.0\.1:\d+ with permission for this/],
  },
  {
    code: 'NOT_FOUND',
    args: CONFIRM,
    spoil: onMirrors(['postUpload'], { status: 404, body: errors('NAME_UNKNOWN', 'no') }),
    says: [/the repository 127\S+\/prod\/app does not exist/, /create the repository/],
  },
  {
    code: 'PAUSED_TOO_LONG',
    spoil: ({ staging }) => always(staging, ['getManifest'], { status: 429, headers: { 'retry-after': '7200' } }),
    says: [/asks to wait until 20/, /retry after 20\S+, or allow longer waits with --max-wait/],
  },
  {
    code: 'REGISTRY_ERROR',
    spoil: ({ staging }) => always(staging, ['getManifest'], { status: 500, body: 'oops' }),
    says: [/read the manifest \S+: the registry answered 500/, /retry; if it persists, contact the operator of/],
  },
  {
    code: 'REGISTRY_PROTOCOL',
    spoil: onMirrors(['list'], { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>log in</html>' }),
    says: [/is not JSON/, /is a registry and not (?:something else|another service)/],
  },
  {
    code: 'DIGEST_MISMATCH',
    spoil: ({ staging }) =>
      always(staging, ['getManifest'], {
        status: 200,
        headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
        body: '{}',
      }),
    says: [/a manifest whose digest is/, /push it to staging again/],
  },
  {
    code: 'BLOB_UNKNOWN',
    args: CONFIRM,
    spoil: onMirrors(['putManifest'], { status: 400, body: errors('MANIFEST_BLOB_UNKNOWN', 'blob unknown') }),
    says: [/lacks a part of \S+:v1/, /run again/],
  },
  {
    code: 'NETWORK',
    project: () => ({ to: ['127.0.0.1:1/prod'] }),
    says: [/connect ECONNREFUSED 127\.0\.0\.1:1/, /that the registry runs and that the port is right/],
  },
  {
    code: 'REFUSED_ADDRESS',
    project: () => ({ to: ['169.254.169.254/prod'] }),
    says: [/link-local or metadata address/, /check the name of the registry/],
  },
  {
    code: 'ARTIFACT_TYPE',
    project: () => entries(['v1', CHART.manifest.descriptor.digest]),
    spoil: (world, tree) => {
      storeImage(world.staging.store, 'staging/app', CHART);
      file('promoter-policy.yaml', 'artifactTypes: []\n')(world, tree);
    },
    says: [/is an artifact of type application\/vnd\.acme\.chart/, /add the type to artifactTypes at \S+:1/],
  },
  {
    code: 'UNSUPPORTED_MANIFEST',
    project: () => entries(['v1', SCHEMA_1.manifest.descriptor.digest]),
    spoil: ({ staging }) => void storeImage(staging.store, 'staging/app', SCHEMA_1),
    says: [/is an image of schema version 1/, /build it as an OCI or Docker image/],
  },
  {
    code: 'INCOMPLETE',
    args: CONFIRM,
    spoil: onMirrors(['headManifest'], { status: 404 }),
    says: [/reads back as not found/, /check which other processes write to this registry/],
  },
  {
    code: 'TIMEOUT',
    spoil: ({ staging }) => always(staging, ['getManifest'], 'silent'),
    says: [/no response within 25 s/, /set longer timeouts in the registry configuration/],
  },
  {
    code: 'STALLED',
    args: CONFIRM,
    spoil: ({ staging }) => always(staging, ['getBlob'], 'stall'),
    says: [/no byte of the response/, /check the network path/],
  },
  {
    code: 'PROVENANCE',
    spoil: file(
      'promoter-policy.yaml',
      'provenance:\n  mode: require\n  signers: ["sigstore::https://accounts.google.com::a@b.c"]\n  builders: [{ id: "https://b.io/x", level: 3 }]\n  sources: [git+https://b.io/x]\n  level: 2\n',
    ),
    says: [/no build provenance is attached/, /push the attestations to staging/],
  },
  {
    code: 'NOT_SCANNED',
    args: ['--vuln-gate', '--vuln-scanner=report'],
    says: [/not scanned for vulnerabilities/, /--vuln-report/],
  },
];

/** What ends a run before it looks at anything: flags, and what the last line says. */
export const AT_ONCE: readonly (readonly [code: ErrorCode, args: readonly string[], says: RegExp])[] = [
  ['USAGE', ['--confirm', '--dry-run'], /--confirm and --dry-run contradict each other; omit one of them/],
  ['USAGE', ['--snapshott=a'], /unknown flag: --snapshott/],
  ['CONFIG_INVALID', ['--registry-config=nowhere.yaml'], /nowhere\.yaml.*; \w/],
  ['GIT', ['--use-prow-manifest-diff'], /JOB_TYPE.*; \w/],
  ['GIT', ['--manifest-diff-since=1d'], /is in no Git repository; \w/],
  ['IDENTITY', ['--confirm'], /no signing identity found; set --key/],
  ['TRUST_ROOT', ['--confirm', '--key=nowhere.pem'], /nowhere\.pem.*; \w/],
];
