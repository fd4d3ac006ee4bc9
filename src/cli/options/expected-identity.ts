import type { ExpectedIdentity } from '../../attest/identity/identity-match.ts';
import type { FlagValues } from './flags/parse-flags.ts';
import { usage } from '../unknown.ts';
import type { CERTIFICATE_FLAGS } from './flags/signing-flags.ts';

type Given = { readonly values: FlagValues<typeof CERTIFICATE_FLAGS>; readonly given: ReadonlySet<string> };

/** Whether the user names an identity: nothing is let through because of one that is only the default. */
export function namesIdentity({ values, given }: Given): boolean {
  return given.has('certificate-identity') || values['certificate-identity-regexp'] !== '';
}

/** Whom these flags expect to have signed; throws USAGE for contradictions. */
export function expectedIdentity({ values, given }: Given): ExpectedIdentity {
  refuseBoth(given, 'certificate-identity');
  refuseBoth(given, 'certificate-oidc-issuer');
  const subjectPattern = values['certificate-identity-regexp'];
  const issuerPattern = values['certificate-oidc-issuer-regexp'];
  return {
    ...(subjectPattern === '' ? { subject: values['certificate-identity'] } : { subjectPattern }),
    ...(issuerPattern === '' ? { issuer: values['certificate-oidc-issuer'] } : { issuerPattern }),
  };
}

function refuseBoth(given: ReadonlySet<string>, name: string): void {
  if (given.has(name) && given.has(`${name}-regexp`))
    throw usage(`--${name} and --${name}-regexp contradict each other`, 'leave one of them out');
}
