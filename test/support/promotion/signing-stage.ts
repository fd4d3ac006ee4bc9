import { onTestFinished } from 'vitest';
import { attachedTo } from '../../../src/attest/attached/attached.ts';
import type { Attached } from '../../../src/attest/attached/types.ts';
import { openVerifier } from '../../../src/attest/verifying/verify.ts';
import { realClock } from '../../../src/clock.ts';
import { openRegistries } from '../../../src/cli/wiring/registries.ts';
import type { Digest } from '../../../src/image/digest.ts';
import type { Ends } from '../once.ts';
import { startRegistries, type TestRegistry } from '../registry/server.ts';
import type { RegistryOptions } from '../registry/options.ts';
import { startSigstore, type LocalSigstore } from '../sigstore/local.ts';
import { cip, type CipOptions, type CipRun } from './cip.ts';
import { writeTree, type ProjectSpec } from './tree.ts';

/** Staging, mirrors and a Sigstore, and the program running between them. */
export type SigningStage = {
  readonly sigstore: LocalSigstore;
  readonly staging: TestRegistry;
  readonly mirrors: readonly TestRegistry[];
  /** A project from `staging` on the first registry to `prod` on the mirrors. */
  project(entries: ProjectSpec['entries'], given?: Partial<ProjectSpec>): ProjectSpec;
  /** Promotes and signs; `env` without a token has none. */
  run(projects: readonly ProjectSpec[], flags?: readonly string[], options?: CipOptions): Promise<CipRun>;
  /** The same for a tree that is there. */
  runTree(path: string, flags?: readonly string[], options?: CipOptions): Promise<CipRun>;
  /** What is attached to a digest, sorted: `kind form status by reference`. */
  attached(repository: string, digest: string): Promise<readonly string[]>;
  /** The predicate of the promotion record of a digest; undefined when there is none. */
  record(repository: string, digest: string): Promise<unknown>;
  /** What has been written to the registries, and asked of the Sigstore, since the last call. */
  taken(): Taken;
};

export type Taken = {
  readonly writes: number;
  readonly requests: number;
  readonly fulcio: number;
  readonly rekor: number;
  readonly timestamp: number;
};

/** Opens a stage that ends with the test, or with `ends`. */
export async function signingStage(
  mirrors = 2,
  {
    registry = {},
    sigstore: given,
    ends = onTestFinished,
  }: { readonly registry?: RegistryOptions; readonly sigstore?: LocalSigstore; readonly ends?: Ends } = {},
): Promise<SigningStage> {
  const registries = await startRegistries(mirrors + 1, registry);
  const sigstore = given ?? (await startSigstore());
  ends(async () => {
    await Promise.all(registries.map((one) => one.close()));
    await sigstore.stop();
    const unexpected = registries.flatMap((one) => one.unexpected);
    if (unexpected.length > 0) throw new Error(`requests that no registry knows: ${unexpected.join(', ')}`);
  });
  const [staging, ...others] = registries;
  if (staging === undefined) throw new Error('there is no staging registry');
  let before = sigstore.counts();
  const runTree: SigningStage['runTree'] = (path, flags = ['--confirm'], options = {}) => {
    const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`];
    const env = options.env ?? { SIGSTORE_ID_TOKEN: sigstore.token() };
    return cip([...flags, '--manifests', path, ...trust], { ...options, env });
  };
  return {
    sigstore,
    staging,
    mirrors: others,
    project: (entries, project = {}) => ({
      name: 'app',
      from: `${staging.host}/staging`,
      to: others.map(({ host }) => `${host}/prod`),
      entries,
      ...project,
    }),
    run: async (projects, flags, options) => {
      await using tree = await writeTree(projects);
      return await runTree(tree.path, flags, options);
    },
    runTree,
    attached: async (repository, digest) =>
      (await readAttached(sigstore, repository, digest as Digest)).map(textOf).toSorted(),
    record: async (repository, digest) => {
      const all = await readAttached(sigstore, repository, digest as Digest);
      return all.find(({ kind }) => kind === 'record')?.verdict.statement?.predicate;
    },
    taken: () => {
      const now = sigstore.counts();
      const sent = registries.flatMap(({ counters }) => counters.log);
      const taken = {
        writes: sent.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length,
        requests: sent.length,
        fulcio: now.fulcio - before.fulcio,
        rekor: now.rekor - before.rekor,
        timestamp: now.timestamp - before.timestamp,
      };
      before = now;
      for (const { counters } of registries) counters.reset();
      return taken;
    },
  };
}

async function readAttached(sigstore: LocalSigstore, repository: string, digest: Digest): Promise<readonly Attached[]> {
  const clock = realClock();
  const opened = openRegistries({ env: {}, clock, narrate: () => undefined, random: () => 1 });
  const verifier = await openVerifier({ trustedRoot: sigstore.trustedRoot });
  try {
    const call = { signal: new AbortController().signal };
    return await attachedTo(opened.registry, verifier, repository, digest, call);
  } finally {
    await opened.close();
  }
}

function textOf({ kind, form, verdict, references }: Attached): string {
  const who = verdict.identity?.kind === 'keyless' ? verdict.identity.subject : 'nobody known';
  return `${kind} ${form} ${verdict.status} ${who} ${references.join(',')}`;
}
