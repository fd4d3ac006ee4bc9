import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { realClock } from '../../../src/clock.ts';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { registryStore, type RegistryStore } from '../memory-registry/store.ts';
import { authGate } from './auth.ts';
import { counters as startCounters, type Counters } from './counters.ts';
import { quotaGate, randomly, type FaultHook, type Quota } from './faults.ts';
import type { RegistryOptions } from './options.ts';
import { describeBlob, seededBlob } from './seeded.ts';
import { registryHandlers, serve, type Running } from './serve.ts';
import { snapshotOf, type Snapshot } from './snapshot.ts';

/** A registry on a port of 127.0.0.1, in this process. */
export type TestRegistry = AsyncDisposable & {
  /** `127.0.0.1:port`, as manifests name it. */
  readonly host: string;
  readonly url: string;
  readonly store: RegistryStore;
  readonly counters: Counters;
  /** `METHOD path` of each request that no registry knows; a test asserts that it is empty. */
  readonly unexpected: readonly string[];
  /** Registers a blob of any size that is made anew at each read. */
  addSyntheticBlob(repository: string, size: number, seed: number): Descriptor;
  /** Sets or ends what goes wrong from now on. */
  inject(fault: FaultHook | undefined): void;
  /** Sets the latency of requests from now on. */
  setLatency(ms: number): void;
  /** Sets or lifts the quota from now on, with a full bucket. */
  setQuota(quota: Quota | undefined): void;
  expireTokens(): void;
  /** How many uploads were begun and neither finished nor given up. */
  openUploads(): number;
  snapshot(): Snapshot;
  close(): Promise<void>;
};

/** Starts a registry; a given store is served as it is, for instance that of a registry which was closed. */
export async function startRegistry(options: RegistryOptions = {}, store?: RegistryStore): Promise<TestRegistry> {
  const clock = options.clock ?? realClock();
  const running: Running = {
    options,
    clock,
    store: store ?? registryStore({ ...options, now: clock.now }),
    counters: startCounters(options.keepLog !== false),
    uploads: new Map(),
    gate: authGate(options.auth, clock),
    handlers: registryHandlers(),
    unexpected: [],
    seen: new Map(),
    latencyMs: options.latencyMs ?? 0,
    fault: options.fault ?? (options.randomFault && randomly(options.randomFault)),
    quota: quotaGate(options.quota, clock),
  };
  const server = createServer(
    { keepAliveTimeout: 60_000, requestTimeout: 0 },
    (request, response) => void serve(running, request, response),
  );
  server.on('connection', () => running.counters.connected());
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', 2048, resolve),
  );
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { host, url: `http://${host}`, close, [Symbol.asyncDispose]: close, ...controls(running) };
}

/** Starts `count` registries alike. */
export function startRegistries(count: number, options: RegistryOptions = {}): Promise<TestRegistry[]> {
  return Promise.all(Array.from({ length: count }, () => startRegistry(options)));
}

function controls(running: Running): Omit<TestRegistry, 'host' | 'url' | 'close' | typeof Symbol.asyncDispose> {
  const { store, counters, unexpected, clock, uploads, gate } = running;
  return {
    store,
    counters,
    unexpected,
    addSyntheticBlob: (repository, size, seed) => {
      const content = seededBlob(size, seed);
      const descriptor = describeBlob(content);
      store.putBlob(repository, descriptor.digest, content);
      return descriptor;
    },
    inject: (fault) => void (running.fault = fault),
    setLatency: (ms) => void (running.latencyMs = ms),
    setQuota: (quota) => void (running.quota = quotaGate(quota, clock)),
    expireTokens: () => gate.expireTokens(),
    openUploads: () => uploads.size,
    snapshot: () => snapshotOf(store),
  };
}
