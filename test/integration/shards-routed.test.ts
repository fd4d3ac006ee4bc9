import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { KNOWN_TO_BE_FAST_YAML } from '../support/promotion/fast-registries.ts';
import { holdings } from '../support/promotion/holdings.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { buildImage, buildMultiPlatform, storeImage, type BuiltImage } from '../support/registry/images.ts';
import type { TestRegistry } from '../support/registry/server.ts';
import { startRouter } from '../support/router.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const digestOf = ({ manifest }: BuiltImage): string => manifest.descriptor.digest;

/** The images of staging, each in a repository of its name. */
const IMAGES: Readonly<Record<string, BuiltImage>> = {
  ...Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`app-${index}`, buildImage({ seed: 700 + index })])),
  tool: buildMultiPlatform({ seed: 750 }, ['linux/amd64', 'linux/arm64']),
};
/** A second source of `app-0`, which also has the image of the first one. */
const OLD = 'old/app-0';

/**
 * Three registries: a primary, a standby and a region without signatures. `team` lies below `prod`, and `old` promotes to a
 * repository of `prod`. `copies` shares a source with `prod` and is not routed.
 */
function projectsOf({ staging }: SigningStage, registries: readonly TestRegistry[], root: string): ProjectSpec[] {
  const project = (name: string, path: string, images: readonly string[], from = 'staging'): ProjectSpec => ({
    name,
    from: `${staging.host}/${from}`,
    to: registries.map(({ host }) => `${host}/${root}/${path}`),
    entries: images.map((image) => [image, digestOf(IMAGES[image] ?? expect.unreachable(image)), `v-${name}`]),
  });
  return [
    project('prod', 'prod', ['app-0', 'app-1', 'tool']),
    project('team', 'prod/team', ['app-2', 'app-3', 'app-4']),
    project('old', 'prod', ['app-0'], 'staging/old'),
    { ...project('copies', 'copies', ['app-0']), to: registries.slice(1).map(({ host }) => `${host}/${root}/copies`) },
  ];
}

/** The runs of a command, one for each shard, and the requests about signatures that each sent: `method registry path`. */
type ShardRuns = { readonly runs: readonly CipRun[]; readonly asked: readonly (readonly string[])[] };

type Production = {
  readonly stage: SigningStage;
  readonly registries: readonly TestRegistry[];
  readonly root: string;
  /** Undefined: one run without --shard. */
  readonly of: number | undefined;
};

async function runShards({ stage, registries, root, of }: Production, args: readonly string[]): Promise<ShardRuns> {
  const [primary, standby, region] = registries.map(({ host }) => host);
  const router = await startRouter(`${primary}/${root}/prod`, `${region}/${root}/prod`);
  await using tree = await writeTree(projectsOf(stage, registries, root));
  const config = join(tree.path, 'registries.yaml');
  await writeFile(
    config,
    `${KNOWN_TO_BE_FAST_YAML}attachments:
- { match: "127.0.0.1:*/${root}/prod", mode: routed, through: "${router.host}", standby: ["${standby}/${root}/prod"] }
`,
  );
  const { sigstore } = stage;
  const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`];
  const all = [...args, ...trust, `--manifests=${tree.path}`, `--registry-config=${config}`];
  const runs: CipRun[] = [];
  const asked: string[][] = [];
  for (let index = (of ?? 1) - 1; index >= 0; index -= 1) {
    stage.taken();
    const shard = of === undefined ? [] : [`--shard=${index}/${of}`];
    runs.push(await kpromo([...all, ...shard], { env: { SIGSTORE_ID_TOKEN: sigstore.token() } }));
    const sent = registries.flatMap(({ counters }, number) =>
      counters.log.map(({ method, path }) => `${method} ${number} ${path.replace(`/${root}/`, '/')}`),
    );
    asked.push(sent.filter((line) => ABOUT_SIGNATURES.test(line)));
  }
  return { runs, asked };
}

const ABOUT_SIGNATURES = /\/manifests\/sha256-\w+\.sig$|\/referrers\//;

const isWrite = (line: string): boolean => line.startsWith('PUT ');

/** Returns the places that more than one shard read or wrote. */
function sharedPlaces(asked: ShardRuns['asked']): readonly string[] {
  const places = asked.flatMap((lines) => [...new Set(lines.map((line) => line.replace(/^\w+ /, '')))]);
  return places.filter((place, index) => places.indexOf(place) !== index);
}

/** The sums of «7 digests checked as clients see them, through 118 links: none broken» over the runs. */
function seenByClients(runs: readonly CipRun[]): readonly [digests: number, links: number] {
  const found = runs.flatMap(({ stdout }) => [
    ...stdout.matchAll(/(\d+) digests? checked as .* (\d+) links: none broken/g),
  ]);
  const sum = (group: number): number => found.reduce((all, match) => all + Number(match[group]), 0);
  return [sum(1), sum(2)];
}

/** What a promotion, a replication and a check leave and report together. */
async function outcomeOf(stage: SigningStage, of: number | undefined, flags: readonly string[]) {
  const registries = stage.mirrors;
  const production = { stage, registries, root: `n${of ?? 0}`, of };
  const promoted = await runShards(production, ['cip', '--confirm', ...flags]);
  const replicated = await runShards(production, ['replicate', '--confirm']);
  const checked = await runShards(production, ['sigcheck', `--certificate-identity=${SIGNER.subject}`]);
  return {
    codes: [promoted, replicated, checked].map(({ runs }) => Math.max(...runs.map(({ code }) => code))),
    written: [promoted, replicated].map(({ asked }) => asked.flat().filter(isWrite).toSorted()),
    writers: promoted.asked.filter((lines) => lines.some(isWrite)).length,
    shared: [promoted, replicated].flatMap(({ asked }) => sharedPlaces(asked)),
    clients: seenByClients(checked.runs),
    holds: holdings(registries, production.root),
  };
}

describe('--shard with routed attachments', () => {
  it.for([
    ['tags first', []],
    ['tags last', ['--tags-last']],
  ] as const)('leaves what one run leaves, and one shard writes each tag: %s', async ([, flags]) => {
    const stage = await signingStage(3);
    for (const [name, image] of Object.entries(IMAGES)) storeImage(stage.staging.store, `staging/${name}`, image);
    storeImage(stage.staging.store, `staging/${OLD}`, IMAGES['app-0'] ?? expect.unreachable());
    const whole = await outcomeOf(stage, undefined, flags);
    expect(whole.codes).toEqual([0, 0, 0]);
    expect(whole.clients[0]).toBe(Object.keys(IMAGES).length);
    for (const written of whole.written) expect(new Set(written).size).toBe(written.length);
    const divided = await outcomeOf(stage, 2, flags);
    expect(divided).toEqual({ ...whole, writers: 2 });
  });
});
