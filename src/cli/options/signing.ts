import type { IdentityFlags } from '../../attest/identity/identity.ts';
import type { ServiceFlags } from '../../attest/services/config.ts';
import { hostInUrl, hostProblem } from '../../image/host.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';
import { UPSTREAM_ACCOUNT, type KEY_FLAGS } from './trust.ts';

/** Flags that enable signing, and the check for an identity in a dry run. */
export const SIGN_FLAGS = [
  {
    name: 'sign',
    type: 'bool',
    default: 'true',
    help: 'Sign and record promoted images, and those that an earlier run did not complete (see --repair-since).',
  },
  {
    name: 'require-identity',
    type: 'bool',
    default: 'true',
    help: 'Fail a dry run without a signing identity, because --confirm would fail. Use =false for checks that run without the identity of the job.',
  },
] as const satisfies readonly Flag[];

/**
 * Flags for signer, services and signature format, except keys; names, types and defaults are upstream's if upstream has the
 * flag.
 */
export const SIGNER_FLAGS = [
  {
    name: 'signer-account',
    type: 'string',
    default: UPSTREAM_ACCOUNT,
    value: 'ACCOUNT',
    help: 'The Google service account that signs. The default is used only with Google credentials and without any other identity.',
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
    help: 'The address of Rekor, the transparency log.',
  },
  {
    name: 'timestamp-url',
    type: 'string',
    default: '',
    value: 'URL',
    help: 'The address of the timestamp authority, with its whole path.',
  },
  {
    name: 'signing-config',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'The signing_config.v0.2.json with the services to sign with. Default: downloaded with TUF.',
  },
  {
    name: 'rekor-version',
    type: 'string',
    default: '',
    value: 'VERSION',
    choices: ['1', '2'],
    help: 'The version of Rekor to log to, 1 or 2. Default: 1 if both are offered. Version 2 does not support .sig tags.',
  },
  {
    name: 'signature-format',
    type: 'string',
    default: 'both',
    value: 'FORMAT',
    choices: ['both', 'legacy', 'bundle'],
    help: 'Form of signatures: legacy (a .sig tag, as cosign writes), bundle (a Sigstore bundle that refers to the image), or both.',
  },
  {
    name: 'sign-tagless',
    type: 'bool',
    default: 'false',
    help: 'Also sign digests without tags. A promotion record is always written.',
  },
  {
    name: 'max-signature-ops',
    type: 'int',
    default: '50',
    min: 1,
    value: 'N',
    help: 'Number of digests to sign or record concurrently.',
  },
  {
    name: 'builder-id',
    type: 'string',
    default: '',
    value: 'URI',
    help: 'The builder ID in promotion records, except those of registry.k8s.io. Default: the address of this package.',
  },
] as const satisfies readonly Flag[];

/** Options of signing. Identity and services are undefined if the user did not set them. */
export type SigningOptions = Omit<IdentityFlags, 'key'> &
  ServiceFlags & {
    readonly sign: boolean;
    /** If false, a dry run passes without a signing identity. */
    readonly requireIdentity: boolean;
    readonly signingConfig: string | undefined;
    readonly signatureFormat: 'both' | 'legacy' | 'bundle';
    readonly signTagless: boolean;
    /** Digests processed at once; at least 1. */
    readonly maxSignatureOps: number;
    readonly builderId: string | undefined;
  };

type Values = FlagValues<typeof SIGN_FLAGS> &
  FlagValues<typeof SIGNER_FLAGS> &
  FlagValues<typeof KEY_FLAGS> & { readonly confirm: boolean };

type Given = { readonly values: Values; readonly given: ReadonlySet<string> };

/** Reads the flags; throws USAGE for values out of range and contradictions. */
export function signingOptions({ values, given }: Given): SigningOptions {
  const { 'rekor-version': rekor } = values;
  const options: SigningOptions = {
    sign: values.sign,
    requireIdentity: values['require-identity'],
    // the default is not a choice of the user
    signerAccount: given.has('signer-account') ? values['signer-account'] || undefined : undefined,
    identityToken: values['identity-token'] || undefined,
    fulcioUrl: address('fulcio-url', values),
    rekorUrl: address('rekor-url', values),
    timestampUrl: address('timestamp-url', values),
    signingConfig: values['signing-config'] || undefined,
    rekorVersion: rekor === '' ? undefined : rekor === '1' ? 1 : 2,
    signatureFormat: values['signature-format'],
    signTagless: values['sign-tagless'],
    maxSignatureOps: values['max-signature-ops'],
    builderId: values['builder-id'] || undefined,
  };
  refuseIdle(values);
  refuseContradictions(options, values);
  return options;
}

/** Throws USAGE for signing flags without signing, since the user expected an effect. */
function refuseIdle(values: Values): void {
  const names = ['key', 'identity-token', 'sign-tagless', 'builder-id'] as const;
  const idle = names.filter((name) => values[name] !== '' && values[name] !== false).map((name) => `--${name}`);
  if (!values.sign && idle.length > 0)
    throw usage(`--sign=false and ${idle.join(' and ')} contradict each other`, 'omit one of them');
}

function refuseContradictions(options: SigningOptions, { confirm, 'tlog-upload': tlogUpload }: Values): void {
  const { requireIdentity, rekorVersion, rekorUrl, signatureFormat } = options;
  if (confirm && !requireIdentity)
    throw usage('--confirm and --require-identity=false contradict each other', 'omit one of them');
  if (rekorVersion === 2 && signatureFormat !== 'bundle')
    throw usage(
      `--rekor-version=2 and --signature-format=${signatureFormat} contradict each other`,
      'use --signature-format=bundle: a .sig tag cannot contain a Rekor v2 entry',
    );
  if (!tlogUpload && (rekorUrl !== undefined || rekorVersion !== undefined))
    throw usage('--tlog-upload=false and the Rekor flags contradict each other', 'omit one of them');
}

function address(name: 'fulcio-url' | 'rekor-url' | 'timestamp-url', values: Values): URL | undefined {
  const text = values[name];
  if (text === '') return undefined;
  const url = URL.parse(text);
  const problem = hostProblem(hostInUrl(text));
  if (url !== null && /^https?:$/.test(url.protocol) && problem === undefined) return url;
  throw usage(`--${name}: ${goQuote(text)} is not a valid address`, 'use the form https://host[:port][/path]');
}
