import type { IdentityFlags } from '../../attest/identity/identity.ts';
import type { ServiceFlags } from '../../attest/services/config.ts';
import { hostInUrl, hostProblem } from '../../image/host.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';
import { UPSTREAM_ACCOUNT, type KEY_FLAGS } from './trust.ts';

/** Whether a promotion signs, and what a dry run makes of a missing identity. */
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

/** Who and what signs, besides a key; names, types and defaults that upstream has are upstream's. */
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
    help: 'Also sign digests without tags. They are recorded in any case.',
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

/** How a run signs; who and where is what the user said of it, and may be nothing. */
export type SigningOptions = Omit<IdentityFlags, 'key'> &
  ServiceFlags & {
    readonly sign: boolean;
    /** False lets a dry run pass without an identity to sign with. */
    readonly requireIdentity: boolean;
    readonly signingConfig: string | undefined;
    readonly signatureFormat: 'both' | 'legacy' | 'bundle';
    readonly signTagless: boolean;
    /** Digests in work at once; at least 1. */
    readonly maxSignatureOps: number;
    readonly builderId: string | undefined;
  };

type Values = FlagValues<typeof SIGN_FLAGS> &
  FlagValues<typeof SIGNER_FLAGS> &
  FlagValues<typeof KEY_FLAGS> & { readonly confirm: boolean };

type Given = { readonly values: Values; readonly given: ReadonlySet<string> };

/** The options that these flags mean; throws USAGE for what is out of range or contradicts itself. */
export function signingOptions({ values, given }: Given): SigningOptions {
  const { 'rekor-version': rekor } = values;
  const options: SigningOptions = {
    sign: values.sign,
    requireIdentity: values['require-identity'],
    // the default is no choice of the user's
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

/** What is said of signatures that nobody makes was meant for something. */
function refuseIdle(values: Values): void {
  const names = ['key', 'identity-token', 'sign-tagless', 'builder-id'] as const;
  const idle = names.filter((name) => values[name] !== '' && values[name] !== false).map((name) => `--${name}`);
  if (!values.sign && idle.length > 0)
    throw usage(`--sign=false and ${idle.join(' and ')} contradict each other`, 'leave one of them out');
}

function refuseContradictions(options: SigningOptions, { confirm, 'tlog-upload': tlogUpload }: Values): void {
  const { requireIdentity, rekorVersion, rekorUrl, signatureFormat } = options;
  if (confirm && !requireIdentity)
    throw usage('--confirm and --require-identity=false contradict each other', 'leave one of them out');
  if (rekorVersion === 2 && signatureFormat !== 'bundle')
    throw usage(
      `--rekor-version=2 and --signature-format=${signatureFormat} contradict each other`,
      'a .sig tag cannot hold what Rekor v2 answers: write --signature-format=bundle',
    );
  if (!tlogUpload && (rekorUrl !== undefined || rekorVersion !== undefined))
    throw usage('--tlog-upload=false and a Rekor to log to contradict each other', 'leave one of them out');
}

function address(name: 'fulcio-url' | 'rekor-url' | 'timestamp-url', values: Values): URL | undefined {
  const text = values[name];
  if (text === '') return undefined;
  const url = URL.parse(text);
  const problem = hostProblem(hostInUrl(text));
  if (url !== null && /^https?:$/.test(url.protocol) && problem === undefined) return url;
  throw usage(`--${name}: ${goQuote(text)} is no address`, 'write it as https://host[:port][/path]');
}
