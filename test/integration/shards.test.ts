import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { KNOWN_TO_BE_FAST_YAML } from '../support/promotion/fast-registries.ts';
import { holdings } from '../support/promotion/holdings.ts';
import { signingStage } from '../support/promotion/signing-stage.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { buildImage, buildMultiPlatform, storeImage, type BuiltImage } from '../support/registry/images.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const digestOf = ({ manifest }: BuiltImage): string => manifest.descriptor.digest;

/** The images of staging by repository. */
const IMAGES: Readonly<Record<string, BuiltImage>> = {
  ...Object.fromEntries(Array.from({ length: 4 }, (_, index) => [`app-${index}`, buildImage({ seed: 900 + index })])),
  tool: buildMultiPlatform({ seed: 950 }, ['linux/amd64', 'linux/arm64']),
};
const STRAY = buildImage({ seed: 960 });

/** One production of its own: `prod/team` lies below `prod`, and `copies` shares sources with `prod`. */
function projectsOf(staging: TestRegistry, mirrors: readonly TestRegistry[], root: string): readonly ProjectSpec[] {
  const project = (name: string, path: string, entries: ProjectSpec['entries']): ProjectSpec => ({
    name,
    from: `${staging.host}/staging`,
    to: mirrors.map(({ host }) => `${host}/${root}/${path}`),
    entries,
  });
  const entries = Object.entries(IMAGES).map(([name, image], index): ProjectSpec['entries'][number] => [
    name,
    digestOf(image),
    `v${index}`,
  ]);
  return [
    project('prod', 'prod', entries.slice(0, 3)),
    project('team', 'prod/team', entries.slice(3)),
    project('copies', 'copies', entries.slice(0, 1)),
  ];
}

type Production = {
  readonly staging: TestRegistry;
  readonly mirrors: readonly TestRegistry[];
  readonly root: string;
  /** Undefined: one run without --shard. */
  readonly of: number | undefined;
};

/** Runs a command for each shard, the last first. */
async function runShards(
  { staging, mirrors, root, of }: Production,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly CipRun[]> {
  await using tree = await writeTree(projectsOf(staging, mirrors, root));
  const config = join(tree.path, 'registries.yaml');
  await writeFile(config, KNOWN_TO_BE_FAST_YAML);
  const all = [...args, `--manifests=${tree.path}`, `--registry-config=${config}`];
  const runs: CipRun[] = [];
  for (let index = (of ?? 1) - 1; index >= 0; index -= 1)
    runs.push(await kpromo([...all, ...(of === undefined ? [] : [`--shard=${index}/${of}`])], { env }));
  return runs;
}

type Finding = { readonly code: string; readonly places: readonly { readonly ref: string }[] };

/** The differences that audits found together, each with its places. */
function findingsOf(runs: readonly CipRun[], root: string): readonly string[] {
  return runs
    .flatMap(({ stdout }) => (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings)
    .map(({ code, places }) => [code, ...places.map(({ ref }) => ref.replace(`/${root}/`, '/')).toSorted()].join(' '))
    .toSorted();
}

describe('--shard', () => {
  it('signs, replicates and checks together what one run does', async () => {
    const { staging, mirrors, sigstore, attached, taken } = await signingStage(2, { registry: { google: true } });
    for (const [name, image] of Object.entries(IMAGES)) storeImage(staging.store, `staging/${name}`, image);
    const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`];
    const outcomeOf = async (of: number | undefined) => {
      const production = { staging, mirrors, root: `n${of ?? 0}`, of };
      const run = (...args: readonly string[]): Promise<readonly CipRun[]> =>
        runShards(production, [...args, ...trust], { SIGSTORE_ID_TOKEN: sigstore.token() });
      const promoted = await run('cip', '--confirm', '--replicate-signatures');
      taken();
      const replicated = await run('replicate');
      const checked = await run('sigcheck', `--certificate-identity=${SIGNER.subject}`);
      const asked = [`${mirrors[0]?.host}/${production.root}/prod/app-1:v1`, `${mirrors[1]?.host}/nowhere/app:v1`];
      const { requests } = taken();
      const found = await run('sigcheck', `--certificate-identity=${SIGNER.subject}`, ...asked);
      const places = projectsOf(staging, mirrors, production.root).flatMap(({ to, entries }) =>
        entries.flatMap(([name, digest]) => to.map((registry) => [`${registry}/${name}`, digest] as const)),
      );
      const signed = await Promise.all(places.map(([place, digest]) => attached(place, digest)));
      return {
        codes: [promoted, replicated, checked, found].map((runs) => Math.max(...runs.map(({ code }) => code))),
        failed: found.filter(({ code }) => code !== 0).length,
        requests,
        holds: holdings(mirrors, production.root),
        signed: signed.map((one) => one.join(' ').replaceAll(`/${production.root}/`, '/')),
      };
    };
    const whole = await outcomeOf(undefined);
    expect(whole.codes).toEqual([0, 0, 0, 1]);
    expect(whole.signed).not.toContain('');
    expect(await outcomeOf(2)).toEqual(whole);
  });

  // `shards-random.test.ts` divides random trees by other numbers.
  it('promotes and audits together what one run does, with the requests of one run', async () => {
    const [staging, ...mirrors] = await startRegistries(3, { google: true });
    if (staging === undefined) throw new Error('there is no staging registry');
    onTestFinished(async () => void (await Promise.all([staging, ...mirrors].map((one) => one.close()))));
    for (const [name, image] of Object.entries(IMAGES)) storeImage(staging.store, `staging/${name}`, image);
    const taken = (): number => {
      const sent = [staging, ...mirrors].flatMap(({ counters }) => counters.log).length;
      for (const { counters } of [staging, ...mirrors]) counters.reset();
      return sent;
    };
    const outcomeOf = async (of: number | undefined) => {
      const production = { staging, mirrors, root: `n${of ?? 0}`, of };
      taken();
      await runShards(production, ['cip', '--confirm', '--sign=false']);
      const requests = [taken()];
      await runShards(production, ['cip', '--confirm', '--sign=false']);
      requests.push(taken());
      for (const { store } of mirrors)
        for (const path of ['prod/stray', 'prod/app-1/below', 'prod/team/app-3/below'])
          storeImage(store, `${production.root}/${path}`, STRAY, ['v1']);
      const audits = await runShards(production, ['audit', '--sign=false', '--output=json']);
      requests.push(taken());
      return { requests, findings: findingsOf(audits, production.root), holds: holdings(mirrors, production.root) };
    };
    const whole = await outcomeOf(undefined);
    expect(whole.findings).toHaveLength(3);
    const { requests, ...divided } = await outcomeOf(3);
    expect(divided).toEqual({ findings: whole.findings, holds: whole.holds });
    for (const [index, sent] of requests.entries())
      expect(sent).toBeLessThanOrEqual((whole.requests[index] ?? 0) * 1.02);
  });
});
