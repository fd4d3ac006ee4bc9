import { homedir } from 'node:os';
import type { GoogleIdentities } from '../../attest/identity/identity.ts';
import type { SigningOptions } from '../../attest/signing/open.ts';
import { AUDIENCE } from '../../attest/identity/token.ts';
import type { Clock } from '../../clock.ts';
import { NO_CONFIG, type RegistryConfig } from '../../config/config.ts';
import type { Narrator } from '../../events.ts';
import type { CredentialSource } from '../../http/credentials/credential.ts';
import { googleIdToken, hasGoogleCredentials } from '../../http/credentials/google/id-token.ts';
import type { GoogleOptions } from '../../http/credentials/google/options.ts';
import { credentialSources } from '../../http/credentials/sources.ts';
import { jitteredPause, type Pause } from '../../async/backoff.ts';
import { environmentProxy } from '../../http/transport/environment-proxy.ts';
import { MAX_WAIT } from '../../http/layers/retry.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { CONCURRENCY, httpStack, type HttpStack, type HttpStackOptions } from '../../http/stack.ts';
import { timeoutsWithin } from '../../http/transport/timeouts.ts';
import { adaptiveLimiter, type RateReading } from '../../ratelimit/adaptive-limiter.ts';
import { routeOf } from '../../plan/places/attachments.ts';
import { distributionRegistry } from '../../registry/distribution/index.ts';
import { ecrRepositories } from '../../registry/kinds/api/ecr-create.ts';
import type { Registry } from '../../registry/roles.ts';
import type { SubjectLock } from '../../registry/attaching/lock.ts';
import { openSecrets, type Secrets } from '../../secrets/secrets.ts';
import { hostSettings } from './host-settings.ts';
import { serviceLimits, type ServiceLimits } from './service-limits.ts';
import { openBudget } from './limiter-budget.ts';
import { environmentLimiter, type RegistriesOptions } from '../options/registries.ts';
import { openLock } from './locks.ts';

export type RegistryOptions = Partial<Omit<RegistriesOptions, 'configFile'>> & {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly narrate: Narrator;
  /** Where each secret is kept that is used or received; in a place of its own unless given. */
  readonly secrets?: Secrets;
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number;
  /** What differs from the defaults for some hosts; nothing unless given. */
  readonly config?: RegistryConfig;
  /** Whether the run writes to registries. */
  readonly writes?: boolean;
};

/** The part of what signing needs that is the same for everybody who signs. */
export type SigningPath = Pick<
  SigningOptions,
  'fetch' | 'reserve' | 'clock' | 'pause' | 'env' | 'home' | 'google' | 'onService' | 'onStale' | 'secrets'
>;

/** `lock` serializes changes of the attachments of one image; `close` ends all connections. */
export type Registries = {
  readonly registry: Registry;
  readonly lock: SubjectLock;
  /** Whether a router sends clients of this place to what is attached on the primary. */
  readonly isRouted: (repository: RepositoryName) => boolean;
  readonly pause: Pause;
  /** What signing takes of it; the user's wishes are not in it. */
  readonly signing: SigningPath;
  /** What each registry allows now, as far as it was found out. */
  readings(): readonly RateReading[];
  close(): Promise<void>;
};

/** Opens the way to all registries: the request stack with the user's credentials and settings. Throws USAGE for a proxy or a limiter that is none. */
export function openRegistries(options: RegistryOptions): Registries {
  const { env, clock, narrate, random, config, secrets = openSecrets() } = options;
  const [address, waits] = [options.limiter ?? environmentLimiter(env), waitsOf(options)];
  const services = serviceLimits();
  const hosts = hostSettings(config ?? NO_CONFIG, environmentProxy(env), services);
  // Sources ask their clouds through the stack that asks them: whoever is first asked, both are there.
  const credentials: CredentialSource = (...asked) => ofEachHost(...asked);
  const budget = address && openBudget(address, clock, narrate);
  const limiter = adaptiveLimiter({
    clock,
    concurrency: CONCURRENCY,
    maxWait: waits.maxWait,
    settingsOf: hosts.limitsOf,
    bucketOf: budget?.bucketOf,
    onPause: (registry, until) => narrate({ type: 'registry-paused', registry, until: new Date(until).toISOString() }),
  });
  const { settingsOf, baseUrl, traitsOf } = hosts;
  const onBytes = (origin: string, bytes: number): void => narrate({ type: 'bytes', origin, bytes });
  const stack = httpStack({ clock, narrate, random, secrets, credentials, limiter, onBytes, settingsOf, ...waits });
  const cloud = { env, clock, home: env['HOME'] ?? homedir(), fetch: stack.outbound, secrets };
  const ofEachHost = hosts.credentials(credentialSources(cloud));
  const pause = jitteredPause(clock, random);
  const registry = distributionRegistry({
    fetch: stack.fetch,
    baseUrl,
    traitsOf,
    creator: ecrRepositories(cloud),
    credentials,
    aws: cloud,
    clock,
    pause,
  });
  const { lock, close: closeLock } = openLock(address, { clock, narrate, pause });
  const close = async (): Promise<void> => {
    closeLock();
    budget?.close();
    await stack.close();
  };
  const signing = { ...cloud, pause, ...signingParts(cloud, stack, services, narrate) };
  return { registry, lock, isRouted: routing(config), pause, signing, readings: () => limiter.readings(), close };
}

function routing({ attachments } = NO_CONFIG): Registries['isRouted'] {
  return (repository) => routeOf(repository, attachments) !== undefined;
}

type Waits = Pick<HttpStackOptions, 'retryBudget' | 'timeouts' | 'retries' | 'unanswered'>;

/** A job that writes waits for a registry to be restarted, in milliseconds; a person who reads a dry run does not. */
const RESTART = 30_000;

function waitsOf({
  maxWait = MAX_WAIT,
  timeout,
  retries,
  writes = false,
}: RegistryOptions): Waits & { readonly maxWait: number } {
  return {
    maxWait,
    unanswered: writes ? RESTART : undefined,
    retryBudget: timeout,
    timeouts: timeout === undefined ? undefined : timeoutsWithin(timeout),
    retries,
  };
}

type SigningParts = Pick<SigningPath, 'reserve' | 'google' | 'onService' | 'onStale'>;

function signingParts(
  cloud: GoogleOptions,
  { reserve }: HttpStack,
  { told }: ServiceLimits,
  narrate: RegistryOptions['narrate'],
): SigningParts {
  const onStale = (message: string): void => narrate({ type: 'log', level: 'warning', message });
  return { reserve, onService: told, onStale, google: googleIdentities(cloud) };
}

function googleIdentities(cloud: GoogleOptions): GoogleIdentities {
  return {
    present: () => hasGoogleCredentials(cloud),
    token: (account, signal) => googleIdToken(cloud, account, AUDIENCE, signal),
  };
}
