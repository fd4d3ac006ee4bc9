import type { Flag } from './flag.ts';

/** Upstream's account, which signs only where Google's credentials are. */
const UPSTREAM_ACCOUNT = 'krel-trust@k8s-releng-prod.iam.gserviceaccount.com';

/** Whether a promotion signs. */
const SIGN_FLAG = {
  name: 'sign',
  type: 'bool',
  default: 'true',
  help: 'Sign what is promoted, and record it; also what an earlier run left undone, see --repair-since.',
} as const satisfies Flag;

/** The flags of whatever signs and verifies; names, types and defaults that upstream has are upstream's. */
export const SIGNER_FLAGS = [
  {
    name: 'signer-account',
    type: 'string',
    default: UPSTREAM_ACCOUNT,
    value: 'ACCOUNT',
    help: 'The Google service account that signs. The default is only used where Google credentials are and nothing else gives an identity.',
  },
  {
    name: 'key',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'Sign with this private key (of cosign, with COSIGN_PASSWORD, or PKCS#8) instead of an identity. To verify only, the public key is enough.',
  },
  {
    name: 'identity-token',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'A file with the OpenID Connect token to sign with. SIGSTORE_ID_TOKEN may hold the token itself.',
  },
  {
    name: 'fulcio-url',
    type: 'string',
    default: '',
    value: 'URL',
    help: 'The address of Fulcio, which issues the signing certificates.',
  },
  {
    name: 'rekor-url',
    type: 'string',
    default: '',
    value: 'URL',
    help: 'The address of Rekor, the log of signatures.',
  },
  {
    name: 'timestamp-url',
    type: 'string',
    default: '',
    value: 'URL',
    help: 'The address of the timestamp authority, with its whole path.',
  },
  {
    name: 'trusted-root',
    type: 'stringArray',
    default: '',
    value: 'ROOT',
    completes: 'file',
    help: 'A Sigstore to trust: public-good, github (for attestations of private repositories), or the path of a trusted_root.json. May be repeated to verify; what is signed must verify by the first. Default: the repository that TUF_MIRROR and TUF_ROOT_JSON name, else public-good.',
  },
  {
    name: 'signing-config',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'The signing_config.v0.2.json with the services to sign with. Default: downloaded by TUF.',
  },
  {
    name: 'rekor-version',
    type: 'string',
    default: '',
    value: 'VERSION',
    choices: ['1', '2'],
    help: 'The version of Rekor to log to, 1 or 2; 1 where both are offered. With 2 there can be no .sig tags.',
  },
  {
    name: 'tlog-upload',
    type: 'bool',
    default: 'true',
    help: 'Log signatures in Rekor; false only with --key.',
  },
  {
    name: 'signature-format',
    type: 'string',
    default: 'both',
    value: 'FORMAT',
    choices: ['both', 'legacy', 'bundle'],
    help: 'How signatures are kept: legacy is the .sig tag of cosign, bundle a Sigstore bundle that refers to the image.',
  },
  {
    name: 'sign-tagless',
    type: 'bool',
    default: 'false',
    help: 'Sign digests without tags, too. They are recorded in any case.',
  },
  {
    name: 'max-signature-ops',
    type: 'int',
    default: '50',
    min: 1,
    value: 'N',
    help: 'Number of digests that are signed or recorded at once.',
  },
  {
    name: 'builder-id',
    type: 'string',
    default: '',
    value: 'URI',
    help: 'The builder ID in promotion records, except those of registry.k8s.io. Default: the address of this package.',
  },
  {
    name: 'primary-registry',
    type: 'string',
    default: '',
    value: 'PATTERN',
    help: 'The destination whose name is signed and from which signatures are replicated, as host[:port][/path] with * and **; overrides the registry configuration.',
  },
] as const satisfies readonly Flag[];

/** What a dry run makes of a missing identity. */
export const REQUIRE_IDENTITY_FLAG = {
  name: 'require-identity',
  type: 'bool',
  default: 'true',
  help: 'Fail a dry run that has no identity to sign with, because --confirm would fail. With =false it passes, for checks without the identity of the job.',
} as const satisfies Flag;

/** The flags of signing in a promotion. */
export const SIGNING_FLAGS = [SIGN_FLAG, ...SIGNER_FLAGS] as const satisfies readonly Flag[];

/** Whose signatures are expected. Promotion keeps what staging is signed with, whoever did it. */
export const CERTIFICATE_FLAGS = [
  {
    name: 'certificate-identity',
    type: 'string',
    default: UPSTREAM_ACCOUNT,
    value: 'IDENTITY',
    help: 'The identity that signatures are expected to be by. A promotion also keeps the signatures of staging by others.',
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
