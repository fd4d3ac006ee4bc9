import type { ExpectedIdentity } from '../../attest/identity/identity-match.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** Upstream's service account; it signs only with Google credentials. */
export const UPSTREAM_ACCOUNT = 'krel-trust@k8s-releng-prod.iam.gserviceaccount.com';

/** The flag that selects trusted Sigstore instances. */
export const ROOT_FLAGS = [
  {
    name: 'trusted-root',
    type: 'stringArray',
    default: '',
    value: 'ROOT',
    completes: 'file',
    help: 'A Sigstore to trust: public-good, github (attestations of private repositories), or the path of a trusted_root.json. Repeatable for verifying; our signatures must verify with the first. Default: the repository that TUF_MIRROR and TUF_ROOT_JSON name, else public-good.',
  },
] as const satisfies readonly Flag[];

/** Flags for signing with a key; names, types and defaults are upstream's if upstream has the flag. */
export const KEY_FLAGS = [
  {
    name: 'key',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'Sign with this private key (cosign with COSIGN_PASSWORD, or PKCS#8) instead of an identity. A public key suffices to verify.',
  },
  {
    name: 'tlog-upload',
    type: 'bool',
    default: 'true',
    help: 'Log signatures in Rekor; false only with --key.',
  },
] as const satisfies readonly Flag[];

/** Flags for the expected identity of signers. A promotion keeps the signatures of all signers in staging. */
export const CERTIFICATE_FLAGS = [
  {
    name: 'certificate-identity',
    type: 'string',
    default: UPSTREAM_ACCOUNT,
    value: 'IDENTITY',
    help: 'The expected identity of signers. A promotion also keeps the signatures of other signers in staging.',
  },
  {
    name: 'certificate-identity-regexp',
    type: 'string',
    default: '',
    value: 'REGEXP',
    help: 'A Go regular expression that must match the whole identity; replaces --certificate-identity.',
  },
  {
    name: 'certificate-oidc-issuer',
    type: 'string',
    default: 'https://accounts.google.com',
    value: 'URL',
    help: 'The OIDC issuer of the expected identity.',
  },
  {
    name: 'certificate-oidc-issuer-regexp',
    type: 'string',
    default: '',
    value: 'REGEXP',
    help: 'A Go regular expression for the OIDC issuer; replaces --certificate-oidc-issuer.',
  },
] as const satisfies readonly Flag[];

/** The flag that enables verification in staging. */
export const STAGING_FLAGS = [
  {
    name: 'verify-staging',
    type: 'bool',
    default: 'true',
    help: 'Verify the signatures and attestations of images in staging, and do not promote tampered images. With =false, verify only if a policy or a scan needs it.',
  },
] as const satisfies readonly Flag[];

/** Trust roots, keys and identities for verification. */
export type TrustOptions = {
  /** Names or paths; empty means the default. */
  readonly trustedRoots: readonly string[];
  /** A further trusted key: a private key, which also signs, or a public one. */
  readonly key: string | undefined;
  /** Whether signatures of the key must be logged. */
  readonly tlogUpload: boolean;
  /** The expected signers, from flags or their defaults. */
  readonly expected: ExpectedIdentity;
  /** Whether flags name an identity. The default identity alone never makes an image pass. */
  readonly namesIdentity: boolean;
};

type Values = FlagValues<typeof ROOT_FLAGS> & FlagValues<typeof KEY_FLAGS> & FlagValues<typeof CERTIFICATE_FLAGS>;

type Given = { readonly values: Values; readonly given: ReadonlySet<string> };

/** Reads the flags; throws USAGE for contradictions. */
export function trustOptions({ values, given }: Given): TrustOptions {
  const { key, 'tlog-upload': tlogUpload } = values;
  if (!tlogUpload && key === '')
    throw usage(
      '--tlog-upload=false requires --key',
      'add --key, or omit the flag: signatures of an identity must be logged',
    );
  return {
    trustedRoots: values['trusted-root'].filter((root) => root !== ''),
    key: key || undefined,
    tlogUpload,
    expected: expectedIdentity({ values, given }),
    namesIdentity: given.has('certificate-identity') || values['certificate-identity-regexp'] !== '',
  };
}

function expectedIdentity({ values, given }: Given): ExpectedIdentity {
  refuseBoth(given, 'certificate-identity');
  refuseBoth(given, 'certificate-oidc-issuer');
  const subjectPattern = values['certificate-identity-regexp'] || undefined;
  const issuerPattern = values['certificate-oidc-issuer-regexp'] || undefined;
  return {
    subject: subjectPattern === undefined ? values['certificate-identity'] : undefined,
    subjectPattern,
    issuer: issuerPattern === undefined ? values['certificate-oidc-issuer'] : undefined,
    issuerPattern,
  };
}

function refuseBoth(given: ReadonlySet<string>, name: string): void {
  if (given.has(name) && given.has(`${name}-regexp`))
    throw usage(`--${name} and --${name}-regexp contradict each other`, 'omit one of them');
}
