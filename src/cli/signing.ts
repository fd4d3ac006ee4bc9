import { openSigning, type Signing } from '../attest/open-signing.ts';
import type { Identity } from '../attest/roles.ts';
import type { RegistryConfig } from '../config/config.ts';
import { isPromotionError } from '../errors.ts';
import type { CandidateServices } from '../phases/signing.ts';
import type { CipOptions } from './cip-options.ts';
import type { CommandServices } from './command.ts';
import type { Registries } from './services.ts';
import { START } from '../ratelimit/adaptive-limiter.ts';

/** Signing as the flags want it. */
export function signingOf({ signing }: Pick<CipOptions, 'signing'>, registries: Pick<Registries, 'signing'>): Signing {
  return openSigning({ ...registries.signing, ...signing });
}

/**
 * Says who will sign images, or what else is named. Throws USAGE for contradictions, and where the run promotes IDENTITY when there is nobody, or a
 * token or key that is no good, and TRUST_ROOT for such a file; a dry run can do without and says so.
 */
export async function announce(
  signing: Signing,
  { confirm, signing: { identityToken, key, trustedRoot } }: Pick<CipOptions, 'confirm' | 'signing'>,
  { narrate, env, signal }: CommandServices,
  what = 'images',
): Promise<void> {
  const say = (message: string): void => narrate({ type: 'log', level: 'info', message });
  try {
    say(await signing.announcement(what));
    if (!confirm) return;
    // what is at hand is looked at now: better than when images are published and cannot be signed
    if ([identityToken, key].some(Boolean) || env['SIGSTORE_ID_TOKEN']) await signing.identity(signal);
    if (trustedRoot !== undefined) await signing.verifier(signal);
  } catch (error) {
    if (confirm || !isPromotionError(error, 'IDENTITY')) throw error;
    say(`A run with --confirm would not sign: ${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}`);
  }
}

/** Who signs, and where the primary is. */
export type CandidateParts = {
  readonly signing: Signing;
  readonly config: RegistryConfig;
  /** Where verification summaries are written. */
  readonly summaries?: { readonly signing: Signing; readonly supersede: boolean } | undefined;
};

/** What is looked at to be signed: where, since when, and in whose name. */
export function candidateServices(
  { confirm, repairSince, signing: flags }: CipOptions,
  { signing, config, summaries }: CandidateParts,
  { clock }: CommandServices,
  young: (since: number, unknown: (reason: string) => void) => ReturnType<CandidateServices['young']>,
): CandidateServices {
  const since = repairSince === 'all' ? repairSince : clock.now() - repairSince;
  const primary = flags.primaryRegistry ?? config.primary;
  const identityOf =
    (who: Signing): CandidateServices['identity'] =>
    (signal) =>
      confirm ? signerIdentity(who, signal) : knownIdentity(who, signal);
  return {
    rules: { since, publicNames: config.publicNames, ...(primary !== undefined && { primary }) },
    young: (unknown) => (since === 'all' ? Promise.resolve(undefined) : young(since, unknown)),
    identity: identityOf(signing),
    ...(summaries !== undefined && {
      summaries: { identity: identityOf(summaries.signing), supersede: summaries.supersede },
    }),
    wantsTag: ({ tags }) => flags.signatureFormat !== 'bundle' && (tags.length > 0 || flags.signTagless),
    // An estimate need not be better than what the limiter begins with.
    rate: START,
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
