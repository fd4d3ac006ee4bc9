import { dockerLogins } from '../docker-config.ts';
import { buildImage, buildIndex, buildMultiPlatform, storeImage, type BuiltImage } from '../registry/images.ts';
import type { Snapshot } from '../registry/snapshot.ts';
import { CHAOS_SPEED, hash, startChaosRegistry, type ChaosOptions, type ChaosRegistry } from './chaos.ts';
import { cip, type CipRun } from './cip.ts';
import { writeTree } from './tree.ts';

const KIB = 1024;
const MIRRORS = 3;

/** Ten seconds: what the replacement of a registry behind a load balancer takes. */
const OUTAGE_MS = 10_000;

/** Outages begin within this many requests, fewer than a mirror gets in any run. */
const EARLIEST_END = 60;

/** Images that share layers, small and teed, and indexes that share images. */
const IMAGES: readonly (readonly [name: string, image: BuiltImage, ...tags: string[]])[] = [
  ...Array.from({ length: 8 }, (_, index) => appImage(index)),
  ['large', buildImage({ seed: 30, layers: [5 * KIB * KIB, KIB] }), 'v1'],
  ['multi', buildMultiPlatform({ seed: 40 }, ['linux/amd64', 'linux/arm64', 'linux/s390x']), 'v1', 'v1.0'],
  [
    'multi',
    buildIndex([buildMultiPlatform({ seed: 50 }, ['linux/amd64', 'linux/arm64']), buildImage({ seed: 60 })]),
    'v2',
  ],
  ['multi', buildImage({ seed: 70 })],
];

function appImage(index: number): readonly [string, BuiltImage, ...string[]] {
  const image = buildImage({ seed: 10 + index, layers: [300 * KIB, 4 * KIB, 2 * KIB], layerSeeds: [1, 2] });
  return [`app${index % 3}`, image, `v${index}`, `w${index}`];
}

/** What a chaos run is like: its seed, how much goes wrong, and what becomes of its last mirror. */
type ChaosSpec = {
  readonly seed: number;
  readonly share: number;
  readonly lastMirror: 'stays' | 'goes and comes back' | 'goes away for good';
};

/** Staging and three mirrors in which things go wrong, and a tree that promotes from the one to the others. */
export type ChaosWorld = AsyncDisposable & {
  readonly staging: ChaosRegistry;
  readonly mirrors: readonly ChaosRegistry[];
  /** Promotes; the clock is `CHAOS_SPEED` times as fast. */
  run(): Promise<CipRun>;
  snapshots(): readonly Snapshot[];
};

/** Opens what a chaos run needs; every second seed with the Google listing. */
export async function openChaos({ seed, share, lastMirror }: ChaosSpec): Promise<ChaosWorld> {
  const common = {
    share,
    google: seed % 2 === 0,
    auth: { scheme: 'bearer', users: { robot: 'secret' } },
  } as const satisfies Partial<ChaosOptions>;
  const staging = await startChaosRegistry({ ...common, seed: seed * 10 });
  for (const [name, image] of IMAGES) storeImage(staging.now().store, `staging/${name}`, image);
  const mirrors = await Promise.all(
    Array.from({ length: MIRRORS }, (_, index) => {
      const nth = 1 + Math.floor(hash(`outage ${seed}`) * EARLIEST_END);
      const outage = { nth, ...(lastMirror === 'goes and comes back' && { forMs: OUTAGE_MS }) };
      const goes = lastMirror !== 'stays' && index === MIRRORS - 1;
      return startChaosRegistry({ ...common, seed: seed * 10 + 1 + index, ...(goes && { outage }) });
    }),
  );
  const tree = await writeTree([
    {
      name: 'p',
      from: `${staging.host}/staging`,
      to: mirrors.map(({ host }) => `${host}/prod`),
      entries: IMAGES.map(([name, { manifest }, ...tags]) => [name, manifest.descriptor.digest, ...tags] as const),
    },
  ]);
  const all = [staging, ...mirrors];
  const logins = await dockerLogins(all.map(({ host }) => ({ host, user: 'robot', password: 'secret' })));
  return {
    staging,
    mirrors,
    run: () =>
      cip(['--thin-manifest-dir', tree.path, '--confirm', '--sign=false'], {
        env: { DOCKER_CONFIG: logins.path },
        speed: CHAOS_SPEED,
      }),
    snapshots: () => mirrors.map((mirror) => mirror.now().snapshot()),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...all, tree, logins].map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

/** What the mirrors hold after a run in which nothing goes wrong. */
export async function undisturbed(): Promise<readonly Snapshot[]> {
  await using world = await openChaos({ seed: 0, share: 0, lastMirror: 'stays' });
  const { code, stderr } = await world.run();
  if (code !== 0) throw new Error(`the undisturbed run failed:\n${stderr}`);
  return world.snapshots();
}
