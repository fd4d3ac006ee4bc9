import { identityMatch, type ExpectedIdentity } from '../../attest/identity/identity-match.ts';
import type { Signing } from '../../attest/signing/open.ts';
import type { Identity } from '../../attest/roles.ts';
import type { TrustOptions } from '../options/trust.ts';

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
