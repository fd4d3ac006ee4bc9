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

/** Signing as the flags want it. */
export function signingOf(
  signing: SigningOptions,
  { key, tlogUpload, trustedRoots }: TrustOptions,
  registries: Pick<Registries, 'signing'>,
): Signing {
  return openSigning({ ...registries.signing, ...signing, key, tlogUpload, trustedRoots });
}

/** Says who will sign images, or what else is named. Throws USAGE for contradictions, and IDENTITY if nobody can sign. */
export async function announce(
  signing: Signing,
  { narrate }: Pick<CommandServices, 'narrate'>,
  what = 'images',
): Promise<void> {
  narrate({ type: 'log', level: 'info', message: await signing.announcement(what) });
}

/** What is known before anybody signs: whether that is now, whether it must be possible, and the key if it is one. */
export type Announced = {
  readonly confirm: boolean;
  readonly requireIdentity: boolean;
  readonly key: string | undefined;
};

/** The same of who signs images. */
export function whoeverSigns({ run, signing, trust }: Pick<CipOptions, 'run' | 'signing' | 'trust'>): Announced {
  return { confirm: run.confirm, requireIdentity: signing.requireIdentity, key: trust.key };
}

/** Takes the reasons for which `--confirm` would not start. */
export type Refuse = (failure: Failure) => void;

/**
 * Says who will sign, as `announce` does; without an identity, or with a token that cannot be used, a dry run goes on.
 * It notes that `--confirm` would refuse, unless `--require-identity=false` says that the job with `--confirm` has an identity.
 */
export async function announceOrRefuse(
  signing: Signing,
  { confirm, requireIdentity, key }: Announced,
  { narrate, signal, refuse }: Pick<CommandServices, 'narrate' | 'signal'> & { readonly refuse: Refuse },
  what = 'images',
): Promise<void> {
  try {
    await announce(signing, { narrate }, what);
  } catch (error) {
    if (confirm || !isPromotionError(error, 'IDENTITY') || (key !== undefined && requireIdentity)) throw error;
    // the check of a pull request needs no more than the public key
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

/** Who signs, and where the primary is. */
export type CandidateParts = {
  readonly signing: Signing;
  readonly config: RegistryConfig;
  /** Where verification summaries are written. */
  readonly summaries: { readonly signing: Signing; readonly supersede: boolean } | undefined;
};

/** What is looked at to be signed: where, since when, and in whose name. */
export function candidateServices(
  { run: { confirm }, repair, signing: flags, primary }: Pick<CipOptions, 'run' | 'repair' | 'signing' | 'primary'>,
  { signing, config, summaries }: CandidateParts,
  { clock }: CommandServices,
  young: (since: number, unknown: (reason: string) => void) => ReturnType<CandidateServices['young']>,
): CandidateServices {
  const since = repair.since === 'all' ? repair.since : clock.now() - repair.since;
  const { publicNames, attachments } = config;
  const identityOf =
    (who: Signing): CandidateServices['identity'] =>
    (signal) =>
      confirm ? signerIdentity(who, signal) : knownIdentity(who, signal);
  return {
    rules: { since, publicNames, attachments, primary: primary.chosen ?? config.primary },
    young: (unknown) => (since === 'all' ? Promise.resolve(undefined) : young(since, unknown)),
    identity: identityOf(signing),
    summaries: summaries && { identity: identityOf(summaries.signing), supersede: summaries.supersede },
    wantsTag: ({ tags }) => flags.signatureFormat !== 'bundle' && (tags.length > 0 || flags.signTagless),
    // An estimate need not be better than what the limiter begins with.
    rate: START,
  };
}

/** In whose name it signs, if need be by a certificate. */
export async function signerIdentity(signing: Signing, signal: AbortSignal): Promise<Identity> {
  return (await signing.identity(signal)) ?? (await signing.signer(signal)).identity;
}

/** Keeps for the reports in whose name a run signs, where that is known. */
export async function recordSigner(signing: Signing, { record, signal }: CommandServices): Promise<void> {
  if (record === undefined || signal.aborted) return;
  const identity = await knownIdentity(signing, signal).catch(() => undefined);
  if (identity !== undefined) record({ context: { signer: identityText(identity) } });
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
