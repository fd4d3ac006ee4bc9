import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, startCli } from '../support/built-cli.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { buildMultiPlatform, storeImage } from '../support/registry/images.ts';
import type { FaultRequest } from '../support/registry/faults.ts';
import type { TestRegistry } from '../support/registry/server.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const index = buildMultiPlatform({ seed: 1 }, ['linux/amd64']);
const digest = index.manifest.descriptor.digest;

/** A request of the program that is its last. */
type Moment = (request: FaultRequest, stage: SigningStage) => boolean;

const nthManifest = (nth: number): Moment => {
  let seen = 0;
  return ({ kind }) => kind === 'putManifest' && (seen += 1) === nth;
};

/** Runs the program as a user does, and kills it with the request of that moment; true when it came to that. */
async function killedAt(
  stage: SigningStage,
  project: ProjectSpec,
  primary: TestRegistry,
  moment: Moment,
  done: boolean,
): Promise<boolean> {
  await using tree = await writeTree([project]);
  const { sigstore } = stage;
  const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`];
  const child = startCli(['cip', '--manifests', tree.path, '--confirm', ...trust], {
    cwd: tree.path,
    env: { SIGSTORE_ID_TOKEN: sigstore.token() },
  });
  primary.inject((request) => {
    if (!moment(request, stage)) return undefined;
    child.process.kill('SIGKILL');
    return done ? 'resetAfter' : 'reset';
  });
  const { signal } = await child.ended;
  primary.inject(undefined);
  return signal === 'SIGKILL';
}

/**
 * The numbers of manifests that reach the primary, in order: child and index, `.sig` and bundle of each, the record. A run
 * that is killed there leaves an image with half of a signature, without a record, or complete.
 */
const BEFORE = [7];
const AFTER = [3, 7];

describe('killing a run that signs', () => {
  beforeAll(ensureBuilt);

  it.each([
    ...BEFORE.map((nth) => [`before manifest ${nth}`, (): Moment => nthManifest(nth), false] as const),
    ...AFTER.map((nth) => [`after manifest ${nth}`, (): Moment => nthManifest(nth), true] as const),
    [
      'between the first log entry and the first push',
      (): Moment =>
        ({ method }, { sigstore }) =>
          method === 'POST' && sigstore.counts().rekor > 0,
      false,
    ] as const,
  ])('%s: the next run ends with everything there once', async (_, moment, done) => {
    const stage = await signingStage(2, { registry: { google: true } });
    storeImage(stage.staging.store, 'staging/app', index);
    const project = stage.project([['app', digest, 'v1']]);
    const place = stage.mirrors.map(({ host }) => `${host}/prod/app`)[0] ?? '';
    const primary = stage.mirrors.find(({ host }) => place.startsWith(`${host}/`));
    if (primary === undefined) throw new Error('there is a primary');
    expect(await killedAt(stage, project, primary, moment(), done)).toBe(true);
    const { code } = await stage.run([project]);
    expect(code).toBe(0);
    const signatures = [
      `signature bundle verified ${SIGNER.subject} ${place}`,
      `signature sig verified ${SIGNER.subject} ${place}`,
    ];
    expect(await stage.attached(place, digest)).toEqual([
      `record bundle verified ${SIGNER.subject} ${place}`,
      ...signatures,
    ]);
    for (const child of index.children)
      expect(await stage.attached(place, child.manifest.descriptor.digest)).toEqual(signatures);
    for (const { store } of stage.mirrors) expect(store.resolve('prod/app', 'v1')).toBe(digest);
  });
});
