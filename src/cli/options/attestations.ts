import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** What a run attaches besides signatures and promotion records; names and types that upstream has are upstream's. */
export const ATTESTATION_FLAGS = [
  {
    name: 'verification-summaries',
    type: 'bool',
    default: 'false',
    help: 'Write a verification summary (SLSA VSA) with the result of its policies for each promoted digest.',
  },
  {
    name: 'summary-signer-account',
    type: 'string',
    default: '',
    value: 'ACCOUNT',
    help: 'The Google service account that signs verification summaries. Default: --summary-identity-token, else the identity that signs the images.',
  },
  {
    name: 'summary-identity-token',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'A file with the OpenID Connect token to sign verification summaries with.',
  },
  {
    name: 'supersede-summaries',
    type: 'bool',
    default: 'false',
    help: 'Evaluate digests again whose verification summary says FAILED or UNEVALUATED, and write a new summary if the result differs.',
  },
  {
    name: 'carry-sboms',
    type: 'bool',
    default: 'true',
    help: 'Copy SBOMs that policies accepted in staging to production, like all other accepted attestations.',
  },
] as const satisfies readonly Flag[];

/** Where verification summaries are written: who signs them, if not whoever signs the images. */
export type SummaryOptions = {
  readonly signerAccount: string | undefined;
  /** A file. */
  readonly identityToken: string | undefined;
  readonly supersede: boolean;
};

/** What is attached besides signatures and promotion records. */
export type AttestationOptions = {
  /** Undefined where none are written. */
  readonly summaries: SummaryOptions | undefined;
  readonly carrySboms: boolean;
};

/** The options that these flags mean; throws USAGE for what contradicts itself. */
export function attestationOptions(
  values: FlagValues<typeof ATTESTATION_FLAGS> & { readonly 'tlog-upload': boolean },
): AttestationOptions {
  const { 'summary-signer-account': signerAccount, 'summary-identity-token': identityToken } = values;
  const supersede = values['supersede-summaries'];
  const carrySboms = values['carry-sboms'];
  const idle = [
    ...(signerAccount === '' ? [] : ['--summary-signer-account']),
    ...(identityToken === '' ? [] : ['--summary-identity-token']),
  ];
  if (idle.length > 1) throw usage(`${idle.join(' and ')} name different signers`, 'give only one of them');
  if (values['verification-summaries']) {
    // who trusts a key without a log has no root by which an identity's signature could be verified
    if (!values['tlog-upload'] && idle[0] !== undefined)
      throw usage(
        `${idle[0]} and --tlog-upload=false contradict each other`,
        'what is signed without a key of its own must be logged: have the key sign summaries, too, or log',
      );
    const summaries = {
      signerAccount: signerAccount || undefined,
      identityToken: identityToken || undefined,
      supersede,
    };
    return { summaries, carrySboms };
  }
  if (supersede) idle.push('--supersede-summaries');
  if (idle[0] !== undefined)
    throw usage(`${idle[0]} means nothing without summaries`, 'write --verification-summaries, too, or leave it out');
  return { summaries: undefined, carrySboms };
}
