import { identityMatch, type ExpectedIdentity } from '../../attest/identity/identity-match.ts';
import type { Signing } from '../../attest/signing/open.ts';
import type { Identity } from '../../attest/roles.ts';

type Asked = { readonly expected?: ExpectedIdentity; readonly signing: { readonly key?: string } };

/** Says of an identity whether it is expected to have signed: it is whom the flags name, or the run's own key. */
export async function expectation(
  { expected, signing: { key } }: Asked,
  signing: Signing,
  signal: AbortSignal,
): Promise<(identity: Identity) => boolean> {
  const own = key === undefined ? undefined : await signing.identity(signal);
  const keys = own?.kind === 'key' ? [own.hint] : [];
  return identityMatch({ anyOf: expected === undefined ? [] : [expected], keys });
}
