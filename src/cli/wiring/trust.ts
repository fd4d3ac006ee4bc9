import { withoutTrust } from '../../attest/verifying/untrusting.ts';
import type { OpenVerifier } from '../../attest/roles.ts';
import type { Signing } from '../../attest/signing/open.ts';
import type { PromotionServices } from '../../promotion.ts';
import type { CipOptions } from '../options/cip.ts';
import type { CommandServices } from '../command.ts';
import { expectation } from './expectation.ts';

type Asked = Pick<CipOptions, 'expected' | 'believed' | 'signing' | 'scan'> &
  Partial<Pick<CipOptions, 'verifyStaging'>>;

/**
 * Who is trusted to have signed what is in staging, and who is known. A trusted root that the user names must be there.
 * Without any, the run warns and goes on; it waits long for one only if a policy or a scan depends on it.
 */
export async function stagingTrust(
  options: Asked,
  signing: Signing,
  { clock, narrate, signal }: Pick<CommandServices, 'clock' | 'narrate' | 'signal'>,
): Promise<PromotionServices['trust']> {
  const onBlind = (reason: string): void =>
    narrate({
      type: 'log',
      level: 'warning',
      message: `What is attached in staging is not verified: the trust root could not be loaded: ${reason}; ${hint}`,
    });
  const hint = `give --trusted-root FILE${options.verifyStaging === undefined ? '' : ', or do not look with --verify-staging=false'}`;
  const open = withoutTrust(signing.verifier, { clock, onBlind });
  const opener: OpenVerifier = options.scan === undefined ? open : (stop) => open(stop, 'judge');
  return {
    verifier: options.signing.trustedRoots.length === 0 ? opener : signing.verifier,
    looks: options.verifyStaging === false ? 'when-asked' : 'always',
    isExpected: await expectation(options, signing, signal),
    isBelieved: await believed(options, signing, signal),
  };
}

function believed(
  { believed: expected, signing: { key } }: Asked,
  signing: Signing,
  signal: AbortSignal,
): ReturnType<typeof expectation> {
  const own = key === undefined ? {} : { key };
  return expectation({ ...(expected !== undefined && { expected }), signing: own }, signing, signal);
}
