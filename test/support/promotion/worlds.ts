import { rendering } from '../../../src/watch/log-lines/render.ts';
import { realClock, type Clock } from '../../../src/clock.ts';
import { TEST_SPEED } from './cip.ts';
import { KNOWN_TO_BE_FAST } from './fast-registries.ts';
import { openRegistries } from '../../../src/cli/wiring/registries.ts';
import { PromotionError } from '../../../src/errors.ts';
import { jitteredPause } from '../../../src/async/backoff.ts';
import { hostOf, splitRepository } from '../../../src/image/reference.ts';
import type { RunReport } from '../../../src/report/model/report.ts';
import { runPromotion, type PromotionRequest } from '../../../src/promotion.ts';
import { memoryRegistry, type MemoryCall } from '../memory-registry/memory.ts';
import type { RegistryStore } from '../memory-registry/store.ts';
import { loadShare } from '../../../src/sharding/load-share.ts';
import type { Shard } from '../../../src/sharding/shard.ts';
import type { Registry } from '../../../src/registry/roles.ts';
import { snapshotOf, type Snapshot } from '../registry/snapshot.ts';
import { startRegistry, type TestRegistry } from '../registry/server.ts';
import { loadedTree, type ProjectSpec } from './tree.ts';
import { TRUSTS_NOBODY } from './trust.ts';
import { patientClock } from '../patient-clock.ts';

/** What a repository or a whole host says instead of an answer. */
export type Trouble = 401 | 403;

/** A few registries, in memory or over HTTP, and the engine running on them. */
export type World = AsyncDisposable & {
  readonly hosts: readonly string[];
  store(host: string): RegistryStore;
  snapshot(host: string): Snapshot;
  /** From now on a repository answers with this status: to everything, or only when its tags are listed. */
  trouble(repository: string, status: Trouble, only?: 'list'): void;
  /** A host that refuses connections; from now on the clock is in haste, so that retries of it end soon. */
  nowhere(): string;
  /** Runs the engine; `log` is what it narrated, one line each. */
  run(mode: PromotionRequest['mode'], projects: readonly ProjectSpec[], shard?: Shard): Promise<Run>;
};

export type Run = { readonly report: RunReport; readonly log: readonly string[] };

/** Each way to reach registries, with the listing that they give. */
export const WORLDS = [
  ['in memory, digests listed', 'memory', 'digests'],
  ['in memory, tags listed', 'memory', 'tags'],
  ['over HTTP with the Google listing', 'http', 'digests'],
  ['over HTTP without the Google listing', 'http', 'tags'],
] as const;

type WorldKind = (typeof WORLDS)[number];

/** How fast the clock runs where a registry is away: its retry budget of two minutes is then 1.2 s. */
const HASTE = 100;

/** Nobody listens at a port below 1024 by chance, as somebody may where a test's own server was closed. */
const NOBODY = '127.0.0.1:1';

/** Opens `count` empty registries. */
export function openWorld([, kind, listing]: WorldKind, count: number): Promise<World> {
  return kind === 'memory' ? Promise.resolve(memoryWorld(listing, count)) : httpWorld(listing, count);
}

function memoryWorld(listing: 'digests' | 'tags', count: number): World {
  const hosts = Array.from({ length: count }, (_, index) => `registry-${index}.test`);
  const troubles = new Map<string, { readonly status: Trouble; readonly only: 'list' | undefined }>();
  const before = ({ repository, operation }: MemoryCall): void => {
    if (hostOf(repository) === 'nowhere.test') throw new PromotionError('NETWORK', `${repository}: connection refused`);
    const trouble = troubles.get(repository);
    if (trouble === undefined || (trouble.only === 'list' && operation !== 'listRepository')) return;
    throw new PromotionError(trouble.status === 401 ? 'UNAUTHORIZED' : 'DENIED', `${repository}: ${trouble.status}`);
  };
  const registry = memoryRegistry({ listing: () => listing, before });
  const clock = realClock();
  return {
    hosts,
    store: registry.store,
    snapshot: (host) => snapshotOf(registry.store(host)),
    trouble: (repository, status, only) => void troubles.set(repository, { status, only }),
    nowhere: () => 'nowhere.test',
    run: (mode, projects, shard) => run(mode, { projects, shard }, registry, clock),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function httpWorld(listing: 'digests' | 'tags', count: number): Promise<World> {
  const starting = Array.from({ length: count }, () => startRegistry({ google: listing === 'digests' }));
  const servers = new Map((await Promise.all(starting)).map((server) => [server.host, server]));
  const serverOf = (host: string): TestRegistry => {
    const server = servers.get(host);
    if (server === undefined) throw new Error(`there is no registry ${host}`);
    return server;
  };
  let speed = TEST_SPEED;
  return {
    hosts: [...servers.keys()],
    store: (host) => serverOf(host).store,
    snapshot: (host) => serverOf(host).snapshot(),
    trouble: (where, status, only) => {
      const { host, path } = splitRepository(where);
      serverOf(host).inject(({ repository, kind }) =>
        repository === path && (only === undefined || kind === only) ? { status } : undefined,
      );
    },
    nowhere: () => {
      speed = HASTE;
      return NOBODY;
    },
    run: async (mode, projects, shard) => {
      const clock = patientClock(speed);
      const env = { HOME: '/nonexistent' };
      const { registry, close } = openRegistries({
        env,
        clock,
        narrate: () => undefined,
        random: Math.random,
        config: KNOWN_TO_BE_FAST,
      });
      try {
        return await run(mode, { projects, shard }, registry, clock);
      } finally {
        await close();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...servers.values()].map((server) => server.close()));
      const unexpected = [...servers.values()].flatMap((server) => server.unexpected);
      if (unexpected.length > 0) throw new Error(`requests that no registry knows: ${unexpected.join(', ')}`);
    },
  };
}

async function run(
  mode: PromotionRequest['mode'],
  { projects, shard }: { readonly projects: readonly ProjectSpec[]; readonly shard: Shard | undefined },
  registry: Registry,
  clock: Clock,
): Promise<Run> {
  const log: string[] = [];
  const report = await runPromotion(
    { mode, shard, threads: 20, version: 'test' },
    {
      load: async () =>
        shard === undefined
          ? loadedTree(projects)
          : loadShare(
              async (parse) => loadedTree(projects, parse),
              { shard },
              () => undefined,
            ),
      registry,
      pause: jitteredPause(clock, Math.random),
      trust: TRUSTS_NOBODY,
    },
    {
      clock,
      signal: new AbortController().signal,
      emit: rendering((event) => void (event.type === 'log' && log.push(`${event.level} ${event.message}`))),
    },
  );
  return { report, log };
}
