import { setTimeout } from 'node:timers/promises';
import { stopReason } from '../../../src/cli/exit-codes.ts';
import { startCli } from '../built-cli.ts';
import { dockerLogins } from '../docker-config.ts';
import type { Fault } from '../registry/faults.ts';
import { buildImage, storeImage } from '../registry/images.ts';
import type { RegistryOptions } from '../registry/options.ts';
import type { RequestKind } from '../registry/route.ts';
import { startRegistries, type TestRegistry } from '../registry/server.ts';
import { cip } from './cip.ts';
import { writeTree } from './tree.ts';

const MIB = 1024 * 1024;

/** One small image, and one whose layer is streamed. */
const IMAGES = [
  ['small', buildImage({ seed: 1, layers: [2_000] })],
  ['large', buildImage({ seed: 2, layers: [5 * MIB] })],
] as const;

/** Names of images to promote. */
export type Names = readonly (typeof IMAGES)[number][0][];

type StopSignal = Parameters<typeof stopReason>[0];

/** A promotion that runs, and how it ends. */
type Run = {
  send(signal: StopSignal): void;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
};

/** A promotion to a mirror that works and to one that fails. */
export type Promoting = AsyncDisposable & Run & { readonly good: TestRegistry; readonly bad: TestRegistry };

/** How the second mirror fails, and what is promoted. */
export type Misfortune = { readonly kinds: Readonly<Partial<Record<RequestKind, Fault>>>; readonly names: Names };

/** The built program in a process of its own, as a shell sends it signals. */
export function inProcess(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Run {
  const cli = startCli(args, { cwd, env });
  return { send: (signal) => void cli.process.kill(signal), ended: cli.ended };
}

/** The program in this process, told to stop. Its clock is the machine's: what it tidies up takes its time. */
function here(args: readonly string[], _cwd: string, env: Readonly<Record<string, string>>): Run {
  const controller = new AbortController();
  return {
    send: (signal) => controller.abort(stopReason(signal)),
    ended: cip(args.slice(1), { env, signal: controller.signal, speed: 1 }),
  };
}

/** Starts a promotion, in this process unless told otherwise. */
export async function promote(
  { kinds, names }: Misfortune,
  options: RegistryOptions = {},
  start: typeof inProcess = here,
): Promise<Promoting> {
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
  const args = ['cip', '--thin-manifest-dir', tree.path, '--confirm', '--sign=false'];
  const run = start(args, tree.path, { DOCKER_CONFIG: logins.path });
  return {
    good,
    bad,
    ...run,
    [Symbol.asyncDispose]: async () => {
      run.send('SIGTERM');
      await run.ended;
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
