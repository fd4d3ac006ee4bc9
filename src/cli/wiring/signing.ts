import { openSigning, type Signing } from '../../attest/signing/open.ts';
import { identityText } from '../../attest/identity/same-identity.ts';
import type { Identity } from '../../attest/roles.ts';
import type { RegistryConfig } from '../../config/config.ts';
import { isPromotionError, type Failure, type PromotionError } from '../../errors.ts';
import type { CandidateServices } from '../../phases/plan/candidate-services.ts';
import type { CipOptions } from '../options/commands/cip.ts';
import type { SigningOptions } from '../options/signing.ts';
import type { TrustOptions } from '../options/trust.ts';
import type { CommandServices } from '../command.ts';
import type { Registries } from './registries.ts';
import { START } from '../../ratelimit/adaptive-limiter.ts';

/** Opens signing with the options from flags. */
export function signingOf(
  signing: SigningOptions,
  { key, tlogUpload, trustedRoots }: TrustOptions,
  registries: Pick<Registries, 'signing'>,
): Signing {
  return openSigning({ ...registries.signing, ...signing, key, tlogUpload, trustedRoots });
}

/**
 * Logs the identity that will sign images, or the named objects. Throws USAGE for contradictions, and IDENTITY without
 * an identity.
 */
export async function announce(
  signing: Signing,
  { narrate }: Pick<CommandServices, 'narrate'>,
  what = 'images',
): Promise<void> {
  narrate({ type: 'log', level: 'info', message: await signing.announcement(what) });
}

/** Facts known before signing: whether this run signs, whether it requires an identity, and the key. */
type Announced = {
  readonly confirm: boolean;
  readonly requireIdentity: boolean;
  readonly key: string | undefined;
};

/** Returns these facts for the signing of images. */
export function signingFacts({ run, signing, trust }: Pick<CipOptions, 'run' | 'signing' | 'trust'>): Announced {
  return { confirm: run.confirm, requireIdentity: signing.requireIdentity, key: trust.key };
}

/** Records a reason for which `--confirm` would not start. */
export type Refuse = (failure: Failure) => void;

/**
 * Logs the signing identity like `announce`. Without a usable identity, a dry run continues and records that
 * `--confirm` would fail; `--require-identity=false` says that the job with `--confirm` has an identity.
 */
export async function announceOrRecord(
  signing: Signing,
  { confirm, requireIdentity, key }: Announced,
  { narrate, signal, refuse }: Pick<CommandServices, 'narrate' | 'signal'> & { readonly refuse: Refuse },
  what = 'images',
): Promise<void> {
  try {
    await announce(signing, { narrate }, what);
  } catch (error) {
    if (confirm || !isPromotionError(error, 'IDENTITY') || (key !== undefined && requireIdentity)) throw error;
    // the check of a pull request only needs the public key
    if (key !== undefined) await signing.identity(signal);
    const message = `Signing identity for ${what} will be that of the job with --confirm (--require-identity=false)`;
    if (requireIdentity) refuse(refusalOf(error));
    else narrate({ type: 'log', level: 'info', message });
  }
}

function refusalOf({ code, message, hint }: PromotionError): Failure {
  const elsewhere = 'if only the job with --confirm has one: --require-identity=false';
  return {
    phase: 'sign',
    code,
    message: `--confirm would refuse: ${message}`,
    hint: hint === undefined ? elsewhere : `${hint}; ${elsewhere}`,
  };
}

/** The signer, and the rules about the primary. */
type CandidateParts = {
  readonly signing: Signing;
  readonly config: RegistryConfig;
  /** The signer of verification summaries. */
  readonly summaries: { readonly signing: Signing; readonly supersede: boolean } | undefined;
};

/** Returns the services that find images without a signature: rules, repair window, and identity. */
export function candidateServices(
  { run: { confirm }, repair, signing: flags, primary }: Pick<CipOptions, 'run' | 'repair' | 'signing' | 'primary'>,
  { signing, config, summaries }: CandidateParts,
  { clock }: CommandServices,
  young: (since: number, ...asked: Parameters<CandidateServices['young']>) => ReturnType<CandidateServices['young']>,
): CandidateServices {
  const since = repair.since === 'all' ? repair.since : clock.now() - repair.since;
  const { publicNames, attachments } = config;
  const identityOf =
    (who: Signing): CandidateServices['identity'] =>
    (signal) =>
      confirm ? signerIdentity(who, signal) : knownIdentity(who, signal);
  return {
    rules: { since, publicNames, attachments, primary: primary.chosen ?? config.primary },
    young: (...asked) => (since === 'all' ? Promise.resolve(undefined) : young(since, ...asked)),
    identity: identityOf(signing),
    summaries: summaries && { identity: identityOf(summaries.signing), supersede: summaries.supersede },
    wantsTag: ({ tags }) => flags.signatureFormat !== 'bundle' && (tags.length > 0 || flags.signTagless),
    // The estimate uses the limiter's initial rate.
    rate: START,
  };
}

/** Returns the signing identity, from a certificate if nothing else names it. */
export async function signerIdentity(signing: Signing, signal: AbortSignal): Promise<Identity> {
  return (await signing.identity(signal)) ?? (await signing.signer(signal)).identity;
}

/** Records the signing identity for reports, if it is known. */
export async function recordSigner(signing: Signing, { record, signal }: CommandServices): Promise<void> {
  if (record === undefined || signal.aborted) return;
  const identity = await knownIdentity(signing, signal).catch(() => undefined);
  if (identity !== undefined) record({ context: { signer: identityText(identity) } });
}

/** Returns undefined in a dry run without an identity; does not request a certificate. */
async function knownIdentity(signing: Signing, signal: AbortSignal): Promise<Identity | undefined> {
  try {
    return await signing.identity(signal);
  } catch (error) {
    if (isPromotionError(error, 'IDENTITY')) return undefined;
    throw error;
  }
}
