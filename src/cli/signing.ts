import { openSigning, type Signing } from '../attest/open-signing.ts';
import type { Identity } from '../attest/roles.ts';
import type { RegistryConfig } from '../config/config.ts';
import { isPromotionError } from '../errors.ts';
import { jobFact } from '../attest/record.ts';
import type { SetupServices } from '../phases/setup.ts';
import type { CandidateServices, SigningServices } from '../phases/signing.ts';
import type { CipOptions } from './cip-options.ts';
import type { CommandServices } from './command.ts';
import { imageSigning } from './image-signing.ts';
import { manifestFacts } from './manifest-facts.ts';
import { loadRequest, youngEntries } from './manifest-services.ts';
import type { Registries } from './services.ts';

/**
 * What the limiter begins with, in requests a second, and most registries allow (src/ratelimit/adaptive-limiter.ts): an
 * estimate need not be better.
 */
const RATE = 60;

/** Signing as the flags want it. */
export function signingOf({ signing }: Pick<CipOptions, 'signing'>, registries: Pick<Registries, 'signing'>): Signing {
  return openSigning({ ...registries.signing, ...signing });
}

/**
 * Says who will sign. Throws USAGE for contradictions, and where the run promotes IDENTITY when there is nobody, or a
 * token or key that is no good, and TRUST_ROOT for such a file; a dry run can do without and says so.
 */
export async function announce(
  signing: Signing,
  { confirm, signing: { identityToken, key, trustedRoot } }: Pick<CipOptions, 'confirm' | 'signing'>,
  { narrate, env, signal }: CommandServices,
): Promise<void> {
  const say = (message: string): void => narrate({ type: 'log', level: 'info', message });
  try {
    say(await signing.announcement());
    if (!confirm) return;
    // what is at hand is looked at now: better than when images are published and cannot be signed
    if ([identityToken, key].some(Boolean) || env['SIGSTORE_ID_TOKEN']) await signing.identity(signal);
    if (trustedRoot !== undefined) await signing.verifier(signal);
  } catch (error) {
    if (confirm || !isPromotionError(error, 'IDENTITY')) throw error;
    say(`A run with --confirm would not sign: ${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}`);
  }
}

/** What is looked at to be signed: where, since when, and in whose name. */
export function candidateServices(
  { confirm, repairSince, signing: flags }: CipOptions,
  signing: Signing,
  config: RegistryConfig,
  { clock }: CommandServices,
  young: (since: number, unknown: (reason: string) => void) => ReturnType<CandidateServices['young']>,
): CandidateServices {
  const since = repairSince === 'all' ? repairSince : clock.now() - repairSince;
  const primary = flags.primaryRegistry ?? config.primary;
  return {
    rules: { since, publicNames: config.publicNames, ...(primary !== undefined && { primary }) },
    young: (unknown) => (since === 'all' ? Promise.resolve(undefined) : young(since, unknown)),
    identity: (signal) => (confirm ? signerIdentity(signing, signal) : knownIdentity(signing, signal)),
    wantsTag: ({ tags }) => flags.signatureFormat !== 'bundle' && (tags.length > 0 || flags.signTagless),
    rate: RATE,
  };
}

/** In whose name it signs, if need be by a certificate. */
export async function signerIdentity(signing: Signing, signal: AbortSignal): Promise<Identity> {
  return (await signing.identity(signal)) ?? (await signing.signer(signal)).identity;
}

/** A dry run may have no identity, and does not go as far as to get a certificate. */
async function knownIdentity(signing: Signing, signal: AbortSignal): Promise<Identity | undefined> {
  try {
    return await signing.identity(signal);
  } catch (error) {
    if (isPromotionError(error, 'IDENTITY')) return undefined;
    throw error;
  }
}

/** What a run needs to sign what it promotes; nothing is opened before there is something to sign. */
export function signaturesOf(
  options: CipOptions,
  services: CommandServices,
  given: {
    readonly signing: Signing;
    readonly registries: Registries;
    readonly config: RegistryConfig;
    readonly load: SetupServices['load'];
    readonly version: string;
  },
): CandidateServices & SigningServices {
  const { signing, registries, config, load, version } = given;
  const { env, clock, signal } = services;
  const job = jobFact(env);
  return {
    ...candidateServices(options, signing, config, services, youngEntries(options, services, load)),
    ...imageSigning({
      signing,
      registries,
      clock,
      version,
      flags: options.signing,
      facts: () => manifestFacts(loadRequest(options), { env, clock, signal }),
      ...(job !== undefined && { job }),
    }),
  };
}
