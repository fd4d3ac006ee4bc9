import { onTestFinished } from 'vitest';
import { attachedTo, type Attached } from '../../../src/attest/attached/attached.ts';
import { openVerifier } from '../../../src/attest/verifying/verify.ts';
import { openRegistries } from '../../../src/cli/wiring/registries.ts';
import { realClock } from '../../../src/clock.ts';
import type { Digest } from '../../../src/image/digest.ts';
import { attest, slsa, SLSA_V1 } from '../evidence.ts';
import { createRepository, type TestRepository } from '../git.ts';
import { homeWith } from '../home.ts';
import type { Ends } from '../once.ts';
import type { BuiltImage } from '../registry/images.ts';
import { signingIn } from '../signing.ts';
import { SIGNER } from '../sigstore/oidc.ts';
import { cip, type CipRun } from './cip.ts';
import { signingStage, type SigningStage } from './signing-stage.ts';

/** Who attests in staging. */
export const BUILDER = 'builder@example.com';
/** Who signs verification summaries. */
export const SUMMARIES = 'summaries@example.com';
/** Where the manifests are. */
export const ORIGIN = 'https://github.com/acme/images';
/** The digest of an image. */
export const digestOf = ({ manifest }: BuiltImage): Digest => manifest.descriptor.digest;

/** A policy of that mode, which BUILDER's provenance satisfies unless another builder is named. */
export const policy = (mode: string, builder = 'https://ci.example/builder'): string => `provenance:
  mode: ${mode}
  signers: ["sigstore::${SIGNER.issuer}::${BUILDER}"]
  builders: [{ id: "${builder}", level: 3 }]
  sources: [git+https://github.com/acme/app]
  level: 2
`;

/** A tree in Git with a policy, and all that promotes and summarizes what it names. */
export type SummaryWorld = {
  readonly stage: SigningStage;
  readonly repository: TestRepository;
  readonly primary: string;
  /** Commits the manifests of `app` with these digests, and a policy. */
  promise(images: readonly BuiltImage[], asked?: string): Promise<string>;
  /** Attests in staging, in the name of the builder. */
  build(one: BuiltImage, type?: string): Promise<void>;
  run(...flags: string[]): Promise<CipRun>;
  attached(one: BuiltImage, repository?: string): Promise<readonly Attached[]>;
};

/** Lives as long as the test, or until `ends`. */
export async function summaryWorld(ends: Ends = onTestFinished): Promise<SummaryWorld> {
  const stage = await signingStage(2, { ends });
  const { sigstore, staging, mirrors } = stage;
  const repository = await createRepository();
  repository.git('remote', 'add', 'origin', `${ORIGIN}.git`);
  const home = await homeWith({ summaries: sigstore.token({ email: SUMMARIES }) }, ends);
  const env = { SIGSTORE_ID_TOKEN: sigstore.token({ email: BUILDER }) };
  const builder = await (
    await signingIn({ sigstore, clock: realClock() }, { env })
  ).signer(new AbortController().signal);
  const registries = openRegistries({ env: {}, clock: realClock(), narrate: () => undefined, random: () => 1 });
  ends(async () => {
    await registries.close();
    await repository[Symbol.asyncDispose]();
  });
  const verifier = await openVerifier({ trustedRoot: sigstore.trustedRoot });
  const primary = mirrors.map(({ host }) => `${host}/prod/app`)[0] ?? '';
  const registriesYaml = [`- name: ${staging.host}/staging\n  src: true\n`]
    .concat(mirrors.map(({ host }) => `- name: ${host}/prod\n`))
    .join('');
  return {
    stage,
    repository,
    primary,
    promise: (images, asked = '') => {
      const entries = images.map((one, index) => `    "${digestOf(one)}": ["v${index + 1}"]\n`).join('');
      return repository.commit({
        'manifests/app/promoter-manifest.yaml': `registries:\n${registriesYaml}${asked}`,
        'images/app/images.yaml': `- name: app\n  dmap:\n${entries}`,
      });
    },
    build: async (one, type = SLSA_V1) => {
      const predicate = type === SLSA_V1 ? slsa('https://ci.example/builder', 'github.com/acme/app') : {};
      await attest(staging.store, 'staging/app', one.manifest.descriptor, builder, { predicateType: type, predicate });
    },
    run: (...flags) => {
      const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`];
      const own = flags.includes('--verification-summaries') ? [`--summary-identity-token=${home}/summaries`] : [];
      const all = ['--thin-manifest-dir', repository.path, ...trust, '--confirm', ...own, ...flags];
      return cip(all, { env: { SIGSTORE_ID_TOKEN: sigstore.token(), PATH: process.env['PATH'] ?? '' } });
    },
    attached: (one, where = primary) => {
      const call = { signal: new AbortController().signal };
      return attachedTo(registries.registry, verifier, where, digestOf(one), call);
    },
  };
}

/** Predicate type and signer of each bundle, sorted. */
export const told = (all: readonly Attached[]): readonly string[] =>
  all
    .filter(({ form }) => form === 'bundle')
    .map(({ verdict: { predicateType = '', identity, status } }) => {
      const who = identity?.kind === 'keyless' ? identity.subject.split('@')[0] : '';
      return `${predicateType.replace(/^https:\/\/(?:[^/]*\/)+?(?=[^/]+\/v\d)/, '')} ${status} ${who}`;
    })
    .toSorted();
