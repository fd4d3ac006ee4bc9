import { expect } from 'vitest';
import type { Attached } from '../../src/attest/attached/types.ts';
import type { Certified } from '../../src/attest/formats/certified.ts';
import { foundItem } from '../../src/attest/evidence/items.ts';
import type { Statement } from '../../src/attest/formats/statement.ts';
import type { Digest } from '../../src/image/digest.ts';
import { parsePlain } from '../../src/manifest/parse.ts';
import { forImage } from '../../src/policy/image-levels.ts';
import { judge } from '../../src/policy/judge.ts';
import type { Evidence, Judgement, ProvenancePolicy } from '../../src/policy/provenance.ts';

export const digestOf = (character: string): Digest => `sha256:${character.repeat(64)}`;
export const IMAGE = digestOf('1');
export const OTHER = digestOf('2');

export const CI = 'sigstore::https://accounts.google.com::ci@acme.example';
export const STRANGER = 'sigstore::https://accounts.google.com::eve@evil.example';
export const BUILDER = 'https://ci.example/jobs/push-app';
export const SELF = 'https://ci.example/self-signed';
export const GENERATOR = 'https://github.com/acme/app/.github/workflows/provenance.yml';
export const RELEASE = 'refs/tags/v1.2.0';
/** Signs for the generator, which is isolated from the build. */
export const ISOLATED = `sigstore::https://token.actions.githubusercontent.com::${GENERATOR}@${RELEASE}`;
export const SPDX = 'https://spdx.dev/Document';

const REPOSITORY = 'https://github.com/acme/app';

/** Keys of `provenance`, which JSON writes as YAML reads them. */
export type Written = Readonly<Record<string, unknown>>;

/** One signer, one builder of level 3, one source. */
export const simple = (differing: Written = {}): Written => ({
  mode: 'require',
  signers: [CI],
  builders: [{ id: BUILDER, level: 3 }],
  sources: ['github.com/acme/app'],
  ...differing,
});

/** A builder of level 1 for signers that no builder names, and the generator of level 3 for its own. */
export const bound = (differing: Written = {}, generator: Written = {}): Written =>
  simple({
    signers: [CI, ISOLATED],
    builders: [
      { id: SELF, level: 1 },
      { id: GENERATOR, level: 3, signers: [ISOLATED], ...generator },
    ],
    ...differing,
  });

/** The policy of a manifest that says this, or what is wrong with it. */
export function written(provenance: Written): { readonly policy?: ProvenancePolicy; readonly wrong: string } {
  const registries = [{ name: 'gcr.io/staging', src: true }, { name: 'gcr.io/prod' }];
  const bytes = Buffer.from(JSON.stringify({ registries, provenance, images: [] }));
  const { project, problems } = parsePlain('app', { file: 'manifest.yaml', bytes }, undefined);
  const policy = project?.policy?.provenance;
  return { wrong: problems.map(({ message }) => message).join('\n'), ...(policy && { policy }) };
}

/** A run of a workflow of GitHub Actions. */
export type Run = { readonly repository: string; readonly path: string; readonly ref: string };

export const release = (differing: Partial<Run> = {}): Run => ({
  repository: REPOSITORY,
  path: '.github/workflows/build.yml',
  ref: RELEASE,
  ...differing,
});

/** What one attestation says, and who signed it: nobody, or so that it does not verify, if need be. */
export type Attestation = {
  readonly about?: Digest;
  readonly attachedTo?: Digest;
  /** 'unsigned' for nobody. */
  readonly signer?: string;
  readonly isRefuted?: true;
  readonly sbom?: true;
  readonly builder?: string;
  readonly source?: string;
  /** What the build was told to build, as the caller of a builder may choose. */
  readonly declared?: string;
  readonly hasInvocation?: false;
  /** The calling workflow as provenance names it. */
  readonly workflow?: Run | string;
  readonly isV02?: true;
  /** The run that is certified, and the repository if it is another or none. */
  readonly certified?: Run | undefined;
  /** The certified repository, if it is not that of the run; 'none' for none. */
  readonly certifiedSource?: string;
};

/** What is attached, as the engine finds it. */
function attachedAs(given: Attestation): Attached {
  const { about = IMAGE, signer = CI, isRefuted } = given;
  const predicateType =
    given.sbom === true ? SPDX : `https://slsa.dev/provenance/${given.isV02 === true ? 'v0.2' : 'v1'}`;
  const statement: Statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'app', digest: { sha256: about.slice('sha256:'.length) } }],
    predicateType,
    predicate:
      given.sbom === true ? { spdxVersion: 'SPDX-2.3' } : given.isV02 === true ? predicateV02(given) : predicate(given),
  };
  const [, issuer = '', subject = ''] = /^sigstore::(.+?)::(.+)$/.exec(signer) ?? [];
  const certified = certifiedBy(given);
  const isAbout = about === (given.attachedTo ?? IMAGE);
  const judged: Attached['verdict'] =
    signer === 'unsigned'
      ? { status: 'unverifiable', predicateType, reason: 'it is not signed' }
      : isRefuted === true || !isAbout
        ? { status: 'failed', predicateType, reason: isAbout ? 'its signature is wrong' : 'it is about another digest' }
        : {
            status: 'verified',
            predicateType,
            statement,
            identity: { kind: 'keyless', issuer, subject },
            ...(certified && { certified }),
          };
  const content = digestOf(given.isRefuted === true ? 'd' : 'c');
  const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  return {
    form: 'bundle',
    kind: 'attestation',
    manifest: digestOf('f'),
    mediaType,
    content,
    references: [],
    verdict: judged,
  };
}

function certifiedBy({ certified: run, certifiedSource }: Attestation): Certified | undefined {
  if (run === undefined) return undefined;
  const source = certifiedSource ?? run.repository;
  return {
    ...(source !== 'none' && { source }),
    ref: run.ref,
    config: `${run.repository}/${run.path}@${run.ref}`,
  };
}

const COMMIT = 'a'.repeat(40);

function predicate({ builder = BUILDER, source, declared, hasInvocation, workflow }: Attestation): unknown {
  const uri = source ?? sourceOf(workflow, 'refs/heads/main');
  return {
    buildDefinition: {
      buildType: 'https://ci.example/type@v1',
      externalParameters: {
        ...(declared !== undefined && { source: declared }),
        ...(workflow !== undefined && { workflow }),
      },
      resolvedDependencies: [{ uri, digest: { gitCommit: COMMIT } }],
    },
    runDetails: {
      builder: { id: builder },
      metadata: hasInvocation === false ? {} : { invocationId: 'https://ci.example/runs/1' },
    },
  };
}

function predicateV02({ builder = BUILDER, workflow }: Attestation): unknown {
  const run = typeof workflow === 'object' ? workflow : release();
  const uri = sourceOf(run, RELEASE);
  return {
    builder: { id: builder },
    buildType: 'https://ci.example/type@v0',
    invocation: { configSource: { uri, digest: { sha1: COMMIT }, entryPoint: run.path } },
    metadata: { buildInvocationID: 'https://ci.example/runs/1' },
    materials: [{ uri, digest: { sha1: COMMIT } }],
  };
}

function sourceOf(workflow: Attestation['workflow'], otherwise: string): string {
  const { repository, ref } = typeof workflow === 'object' ? workflow : { repository: REPOSITORY, ref: otherwise };
  return `git+${repository}@${ref}`;
}

/** What is attached to an image; to an index also what is attached to its platforms. */
export function evidence(items: readonly Attestation[], platforms?: readonly (readonly Attestation[])[]): Evidence {
  const found = (digest: Digest, all: readonly Attestation[], below?: readonly Evidence[]): Evidence => ({
    repository: 'gcr.io/staging/app',
    digest,
    isIndex: below !== undefined,
    items: all.flatMap((one) => foundItem(attachedAs({ ...one, attachedTo: digest }), digest)?.item ?? []),
    platforms: below ?? [],
  });
  const below = platforms?.map((all, index) => found(digestOf(String(index + 2)), all));
  return found(IMAGE, items, below);
}

export const byGenerator: Attestation = { builder: `${GENERATOR}@${RELEASE}`, signer: ISOLATED };
export const bySelf: Attestation = { builder: SELF };

/** Provenance of the generator that names one run, and whose certificate names the same, or another. */
export const by = (
  workflow: Run,
  certified: Run | undefined = workflow,
  more: Partial<Attestation> = {},
): Attestation => ({
  ...byGenerator,
  workflow,
  certified,
  ...more,
});

/** A policy, what is attached to an image, and what comes of it: the level that it reaches, or words of the reason. */
export type Case = readonly [
  name: string,
  policy: Written,
  attached: readonly Attestation[],
  expected: number | string,
];

/** The level of an image that passes, or why it does not. */
export function outcome(policy: Written, attached: readonly Attestation[]): unknown {
  const { result, level, violations } = verdict(policy, evidence(attached));
  return result === 'passed' ? level : violations.map(({ message }) => message).join('\n');
}

export const meant = (expected: number | string): unknown =>
  typeof expected === 'number' ? expected : expect.stringContaining(expected);

/** What a policy says of an image with this name; throws if the policy cannot be read. */
export function verdict(provenance: Written, found: Evidence, image = 'app'): Judgement {
  const { policy, wrong } = written(provenance);
  if (policy === undefined) throw new Error(wrong);
  return judge([forImage(policy)([image])], found);
}
