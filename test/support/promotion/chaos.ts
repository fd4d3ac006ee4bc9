import type { Clock } from '../../../src/clock.ts';
import type { RegistryStore } from '../memory-registry/store.ts';
import type { Fault, FaultHook, FaultRequest } from '../registry/faults.ts';
import type { RegistryOptions } from '../registry/options.ts';
import { startRegistry, type TestRegistry } from '../registry/server.ts';
import { patientClock } from '../patient-clock.ts';

/** How many times as fast the clock of a chaos run is: ten seconds without a mirror are 200 ms. */
export const CHAOS_SPEED = 30;

/** What goes wrong in a chaos run; each has the same share. */
export const CHAOS_KINDS = [
  '429',
  '429 with Retry-After',
  '500',
  '503 as HTML',
  'reset',
  'reset after the work',
  'truncated',
  'stalled',
  'expired token',
] as const;

type ChaosKind = (typeof CHAOS_KINDS)[number];

const HTML = '<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>';

const FAULTS: Readonly<Record<Exclude<ChaosKind, 'expired token'>, Fault>> = {
  '429': {
    status: 429,
    headers: { 'content-type': 'application/json' },
    body: '{"errors":[{"code":"TOOMANYREQUESTS"}]}',
  },
  '429 with Retry-After': { status: 429, headers: { 'retry-after': '2' } },
  '500': { status: 500 },
  '503 as HTML': { status: 503, headers: { 'content-type': 'text/html' }, body: HTML },
  reset: 'reset',
  'reset after the work': 'resetAfter',
  truncated: 'truncate',
  stalled: 'stall',
};

/** When a registry goes away: at its `nth` request, and for how long; for good without `forMs`. */
type Outage = { readonly nth: number; readonly forMs?: number };

export type ChaosOptions = Pick<RegistryOptions, 'auth' | 'google'> & {
  readonly seed: number;
  /** The share of requests that go wrong. */
  readonly share: number;
  readonly outage?: Outage;
};

/** A registry in which things go wrong; `now` is the server that stands for it at the moment. */
export type ChaosRegistry = AsyncDisposable & {
  readonly host: string;
  now(): TestRegistry;
  /** How often each kind of fault happened. */
  readonly happened: ReadonlyMap<ChaosKind | 'outage', number>;
  /** From now on nothing goes wrong; a registry that is away for good comes back, on its port and with its store. */
  calmDown(): Promise<void>;
};

/**
 * Starts a registry whose faults are a function of the seed, the kind of a request and its number among
 * its kind alone, so that a seed repeats itself as far as the order of requests does.
 */
export async function startChaosRegistry(options: ChaosOptions, store?: RegistryStore): Promise<ChaosRegistry> {
  const clock = patientClock(CHAOS_SPEED);
  const registryOptions: RegistryOptions = {
    clock,
    keepLog: true,
    ...(options.auth !== undefined && { auth: options.auth }),
    ...(options.google !== undefined && { google: options.google }),
  };
  const happened = new Map<ChaosKind | 'outage', number>();
  const count = (kind: ChaosKind | 'outage'): void => void happened.set(kind, (happened.get(kind) ?? 0) + 1);
  let current = await startOnKeptPort(registryOptions, store);
  const port = Number(current.host.split(':')[1]);
  let seen = 0;
  let away: Promise<void> | undefined;
  let isAway = false;
  const fault: FaultHook = (request) => {
    seen += 1;
    if (options.outage !== undefined && seen === options.outage.nth) {
      count('outage');
      away = goAway(options.outage.forMs);
      return 'reset';
    }
    const kind = faultOf(options, request);
    if (kind === undefined) return undefined;
    count(kind);
    return kind === 'expired token' ? expiredToken(request) : FAULTS[kind];
  };
  const start = async (): Promise<void> => {
    current = await startOn(port, registryOptions, current.store, clock);
    isAway = false;
  };
  const goAway = async (forMs: number | undefined): Promise<void> => {
    isAway = true;
    await current.close();
    if (forMs === undefined) return;
    await clock.wait(forMs);
    await start();
    current.inject(fault);
  };
  current.inject(fault);
  return {
    host: current.host,
    now: () => current,
    happened,
    calmDown: async () => {
      await away;
      if (isAway) await start();
      current.inject(undefined);
    },
    [Symbol.asyncDispose]: async () => {
      await away;
      await current.close();
    },
  };
}

function faultOf({ seed, share }: ChaosOptions, { kind, nth }: FaultRequest): ChaosKind | undefined {
  const dice = hash(`${seed} ${kind} ${nth}`);
  if (dice >= share) return undefined;
  const chosen = CHAOS_KINDS[Math.floor((dice / share) * CHAOS_KINDS.length)];
  // A token server that says 401 refuses the password, which is another story.
  return chosen === 'expired token' && kind === 'token' ? undefined : chosen;
}

/** As the registry's own answer to a token that it no longer takes. Others keep theirs: an outage ends all of them at once. */
function expiredToken({ headers, repository }: FaultRequest): Fault {
  const realm = `Bearer realm="http://${headers.host ?? ''}/token",service="test-registry"`;
  const challenge = `${realm},scope="repository:${repository}:pull,push",error="invalid_token"`;
  return { status: 401, headers: { 'www-authenticate': challenge }, body: '{"errors":[{"code":"UNAUTHORIZED"}]}' };
}

/** A number from 0 to 1 that is the same for the same text: FNV-1a, stirred so that neighbours differ. */
export function hash(text: string): number {
  let state = 0x811c9dc5;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return ((state ^ (state >>> 16)) >>> 0) / 2 ** 32;
}

/** Below the ports that systems give to those who ask for any: nobody takes one while its registry is away. */
const [LOWEST, HIGHEST] = [12_000, 30_000];

async function startOnKeptPort(options: RegistryOptions, store: RegistryStore | undefined): Promise<TestRegistry> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const registry = await startRegistry({ ...options, port }, store).catch(ifTaken);
    if (registry !== undefined) return registry;
  }
}

async function startOn(
  port: number,
  options: RegistryOptions,
  store: RegistryStore,
  clock: Clock,
): Promise<TestRegistry> {
  for (;;) {
    const registry = await startRegistry({ ...options, port }, store).catch(ifTaken);
    if (registry !== undefined) return registry;
    await clock.wait(1_000);
  }
}

function ifTaken(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
}
