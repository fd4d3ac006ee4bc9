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
import { clockCheck, type ClockCheck } from '../../http/clock-check.ts';
import { environmentProxy } from '../../http/transport/environment-proxy.ts';
import { MAX_WAIT } from '../../http/layers/retry.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { CONCURRENCY, httpStack, type HttpStack, type HttpStackOptions } from '../../http/stack.ts';
import { timeoutsWithin } from '../../http/transport/timeouts.ts';
import { adaptiveLimiter, type RateReading } from '../../ratelimit/adaptive-limiter.ts';
import type { LearnedRate } from '../../ratelimit/kept-rates.ts';
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
import type { Connection } from '../../processes/connect.ts';

type RegistryOptions = Partial<Omit<RegistriesOptions, 'configFile'>> & {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly narrate: Narrator;
  /** Receives all used secrets. Default: a new store. */
  readonly secrets?: Secrets;
  /** Returns a number from 0 to 1, for jitter. */
  readonly random: () => number;
  /** The registry configuration. Default: empty. */
  readonly config?: RegistryConfig;
  /** Whether the run writes to registries. */
  readonly writes?: boolean;
  /** Rates and locks that this process shares with others; a limiter has precedence. Default: it shares nothing. */
  readonly peers?: Connection | undefined;
};

/** The signing options that do not depend on the signer. */
type SigningPath = Pick<
  SigningOptions,
  'fetch' | 'reserve' | 'clock' | 'pause' | 'env' | 'home' | 'google' | 'onService' | 'onStale' | 'secrets'
>;

/** `lock` serializes changes of an image's attachments; `close` ends all connections. */
export type Registries = {
  readonly registry: Registry;
  readonly lock: SubjectLock;
  /** Whether a router sends clients of this repository to the primary for attachments. */
  readonly isRouted: (repository: RepositoryName) => boolean;
  readonly pause: Pause;
  /** Signing options from environment and HTTP stack, without those from flags. */
  readonly signing: SigningPath;
  /** The current rate limit of each registry, if known. */
  readings(): readonly RateReading[];
  /** Rates with which groups of origins begin that have sent no request yet. A shared rate has precedence. */
  readonly restored: Map<string, LearnedRate>;
  /** Compares this machine's clock with those of registries. */
  readonly times: Pick<ClockCheck, 'isWrong'>;
  close(): Promise<void>;
};

/**
 * Opens access to all registries: the request stack with the user's credentials and settings. Throws USAGE if the proxy
 * or limiter address is invalid.
 */
export function openRegistries(options: RegistryOptions): Registries {
  const { env, clock, narrate, random, config, peers, secrets = openSecrets() } = options;
  const [address, waits] = [options.limiter ?? environmentLimiter(env), waitsOf(options)];
  const [services, times, restored] = [serviceLimits(), clockCheck(clock), new Map<string, LearnedRate>()];
  const hosts = hostSettings(config ?? NO_CONFIG, environmentProxy(env), services);
  // Credential sources use the stack that uses them, so this call is resolved later.
  const credentials: CredentialSource = (...asked) => ofEachHost(...asked);
  const budget = openBudget({ address, rates: peers?.rates }, clock, narrate);
  const limits = { clock, concurrency: CONCURRENCY, maxWait: waits.maxWait, restored };
  const { readings, ...limiter } = adaptiveLimiter({
    ...limits,
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
    fetch: times.watching(stack.fetch),
    baseUrl,
    traitsOf,
    creator: ecrRepositories(cloud),
    credentials,
    aws: cloud,
    clock,
    pause,
  });
  const { lock, close: closeLock } = openLock({ address, leases: peers?.leases }, { clock, narrate, pause });
  const close = async (): Promise<void> => {
    closeLock();
    budget?.close();
    await stack.close();
  };
  const signing = { ...cloud, pause, ...signingParts(cloud, stack, services, narrate) };
  return { registry, lock, isRouted: routing(config), pause, signing, readings, restored, times, close };
}

function routing({ attachments } = NO_CONFIG): Registries['isRouted'] {
  return (repository) => routeOf(repository, attachments) !== undefined;
}

type Waits = Pick<HttpStackOptions, 'retryBudget' | 'timeouts' | 'retries' | 'unanswered'>;

/** Milliseconds that a writing run waits for a registry to restart; a dry run does not wait. */
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
  services: ServiceLimits,
  narrate: RegistryOptions['narrate'],
): SigningParts {
  const onStale = (message: string): void => narrate({ type: 'log', level: 'warning', message });
  return { reserve, onService: services.set, onStale, google: googleIdentities(cloud) };
}

function googleIdentities(cloud: GoogleOptions): GoogleIdentities {
  return {
    present: () => hasGoogleCredentials(cloud),
    token: (account, signal) => googleIdToken(cloud, account, AUDIENCE, signal),
  };
}
