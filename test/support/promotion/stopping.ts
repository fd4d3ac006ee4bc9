import { setTimeout } from 'node:timers/promises';
import { startCli, type RunningCli } from '../built-cli.ts';
import { dockerLogins } from '../docker-config.ts';
import type { Fault } from '../registry/faults.ts';
import { buildImage, storeImage } from '../registry/images.ts';
import type { RegistryOptions } from '../registry/options.ts';
import type { RequestKind } from '../registry/route.ts';
import { startRegistries, type TestRegistry } from '../registry/server.ts';
import { writeTree } from './tree.ts';

const MIB = 1024 * 1024;

/** One small image, and one whose layer is streamed. */
const IMAGES = [
  ['small', buildImage({ seed: 1, layers: [2_000] })],
  ['large', buildImage({ seed: 2, layers: [5 * MIB] })],
] as const;

/** Names of images to promote. */
export type Names = readonly (typeof IMAGES)[number][0][];

/** A promotion by the built program, to a mirror that works and to one that fails. */
export type Promoting = AsyncDisposable & {
  readonly good: TestRegistry;
  readonly bad: TestRegistry;
  readonly cli: RunningCli;
};

/** How the second mirror fails, and what is promoted. */
export type Misfortune = { readonly kinds: Readonly<Partial<Record<RequestKind, Fault>>>; readonly names: Names };

/** Starts a promotion. */
export async function promote({ kinds, names }: Misfortune, options: RegistryOptions = {}): Promise<Promoting> {
  const [staging, good, bad] = await startRegistries(3, options);
  if (staging === undefined || good === undefined || bad === undefined) throw new Error('three were asked for');
  for (const [name, image] of IMAGES) storeImage(staging.store, `staging/${name}`, image);
  bad.inject(({ kind }) => kinds[kind]);
  const all = [staging, good, bad];
  const logins = await dockerLogins(all.map(({ host }) => ({ host, user: 'robot', password: 'secret' })));
  const tree = await writeTree([
    {
      name: 'p',
      from: `${staging.host}/staging`,
      to: [`${good.host}/prod`, `${bad.host}/prod`],
      entries: IMAGES.filter(([name]) => names.includes(name)).map(
        ([name, { manifest }]) => [name, manifest.descriptor.digest, 'v1'] as const,
      ),
    },
  ]);
  const cli = startCli(['cip', '--thin-manifest-dir', '.', '--confirm', '--sign=false'], {
    cwd: tree.path,
    env: { DOCKER_CONFIG: logins.path },
  });
  return {
    good,
    bad,
    cli,
    [Symbol.asyncDispose]: async () => {
      cli.process.kill('SIGKILL');
      await cli.ended;
      await Promise.all(all.map((registry) => registry.close()));
      await Promise.all([tree[Symbol.asyncDispose](), logins[Symbol.asyncDispose]()]);
    },
  };
}

/** Resolves when the condition holds. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(5);
}

/** Returns true if the registry has received such a request. */
export const has = (registry: TestRegistry, kind: RequestKind): boolean =>
  registry.counters.log.some((entry) => entry.kind === kind);
