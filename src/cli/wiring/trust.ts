import { identityMatch, type ExpectedIdentity } from '../../attest/identity/identity-match.ts';
import { withoutTrust } from '../../attest/verifying/without-trust.ts';
import type { Identity, OpenVerifier } from '../../attest/roles.ts';
import type { Signing } from '../../attest/signing/open.ts';
import type { PromotionServices } from '../../promotion.ts';
import type { TrustOptions } from '../options/trust.ts';
import type { CommandServices } from '../command.ts';

/** The features that need the trust root. */
type Use = {
  /** If false, attachments are read only for a policy or a scan; undefined if the command has no such flag. */
  readonly verifyStaging?: boolean;
  readonly scans?: boolean;
};

/**
 * Returns the verifier and the identities to trust in staging. A trusted root that the user names must be readable. If
 * the default root cannot be loaded, the run warns and continues; it waits longer for it if a policy or a scan needs
 * it.
 */
export async function stagingTrust(
  { expected, key, trustedRoots, namesIdentity }: TrustOptions,
  { verifyStaging, scans = false }: Use,
  signing: Signing,
  { clock, narrate, signal }: Pick<CommandServices, 'clock' | 'narrate' | 'signal'>,
): Promise<PromotionServices['trust']> {
  const onMissingTrust = (reason: string): void =>
    narrate({
      type: 'log',
      level: 'warning',
      message: `Attachments in staging are not verified: the trust root could not be loaded: ${reason}; ${hint}`,
    });
  const hint = `set --trusted-root FILE${verifyStaging === undefined ? '' : ', or skip verification with --verify-staging=false'}`;
  const open = withoutTrust(signing.verifier, { clock, onMissingTrust });
  const opener: OpenVerifier = !scans ? open : (stop) => open(stop, 'judge');
  return {
    verifier: trustedRoots.length === 0 ? opener : signing.verifier,
    looks: verifyStaging === false ? 'when-asked' : 'always',
    isExpected: await expectation(expected, key, signing, signal),
    isBelieved: await expectation(namesIdentity ? expected : undefined, key, signing, signal),
  };
}

/**
 * Returns a function that tests whether an identity is an expected signer: it matches `expected`, or is the run's own
 * key.
 */
export async function expectation(
  expected: ExpectedIdentity | undefined,
  key: TrustOptions['key'],
  signing: Pick<Signing, 'identity'>,
  signal: AbortSignal,
): Promise<(identity: Identity) => boolean> {
  const own = key === undefined ? undefined : await signing.identity(signal);
  const keys = own?.kind === 'key' ? [own.hint] : [];
  return identityMatch({ anyOf: expected === undefined ? [] : [expected], keys });
}
