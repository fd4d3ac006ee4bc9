import { withoutTrust } from '../../attest/verifying/without-trust.ts';
import type { OpenVerifier } from '../../attest/roles.ts';
import type { Signing } from '../../attest/signing/open.ts';
import type { PromotionServices } from '../../promotion.ts';
import type { TrustOptions } from '../options/trust.ts';
import type { CommandServices } from '../command.ts';
import { expectation } from './expectation.ts';

/** What depends on it. */
type Use = {
  /** False leaves what is attached unread where nobody asks for it; undefined where there is no such choice. */
  readonly verifyStaging?: boolean;
  readonly scans?: boolean;
};

/**
 * Who is trusted to have signed what is in staging, and who is known. A trusted root that the user names must be there.
 * Without any, the run warns and goes on; it waits long for one only if a policy or a scan depends on it.
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
      message: `What is attached in staging is not verified: the trust root could not be loaded: ${reason}; ${hint}`,
    });
  const hint = `give --trusted-root FILE${verifyStaging === undefined ? '' : ', or do not look with --verify-staging=false'}`;
  const open = withoutTrust(signing.verifier, { clock, onMissingTrust });
  const opener: OpenVerifier = !scans ? open : (stop) => open(stop, 'judge');
  return {
    verifier: trustedRoots.length === 0 ? opener : signing.verifier,
    looks: verifyStaging === false ? 'when-asked' : 'always',
    isExpected: await expectation(expected, key, signing, signal),
    isBelieved: await expectation(namesIdentity ? expected : undefined, key, signing, signal),
  };
}
