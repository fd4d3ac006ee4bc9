import { withoutTrust } from '../attest/evidence-verifier.ts';
import type { Signing } from '../attest/open-signing.ts';
import type { PromotionServices } from '../promotion.ts';
import type { CipOptions } from './cip-options.ts';
import type { CommandServices } from './command.ts';
import { expectation } from './expectation.ts';

type Asked = Pick<CipOptions, 'expected' | 'signing'>;

/** Who is trusted to have signed what is in staging, and who is known. A trusted root that the user names must be there; without any, the run says so and goes on. */
export async function stagingTrust(
  options: Asked,
  signing: Signing,
  { narrate, signal }: Pick<CommandServices, 'narrate' | 'signal'>,
): Promise<PromotionServices['trust']> {
  const tell = (reason: string): void =>
    narrate({
      type: 'log',
      level: 'warning',
      message: `What is attached in staging cannot be verified: ${reason}; give --trusted-root FILE`,
    });
  const isNamed = options.signing.trustedRoot !== undefined;
  return {
    verifier: isNamed ? signing.verifier : withoutTrust(signing.verifier, tell),
    isExpected: await expectation(options, signing, signal),
  };
}
