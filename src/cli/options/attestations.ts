import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** Flags for attestations besides promotion records; names and types are upstream's if upstream has the flag. */
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

/** The signer of verification summaries, if it differs from that of images. */
export type SummaryOptions = {
  readonly signerAccount: string | undefined;
  /** Path of a file. */
  readonly identityToken: string | undefined;
  readonly supersede: boolean;
};

/** Options for attestations besides promotion records. */
export type AttestationOptions = {
  /** Undefined if none are written. */
  readonly summaries: SummaryOptions | undefined;
  readonly carrySboms: boolean;
};

/** Reads the flags; throws USAGE for contradictions. */
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
    // a key without a log has no trust root, so an identity's signature could not be verified
    if (!values['tlog-upload'] && idle[0] !== undefined)
      throw usage(
        `${idle[0]} and --tlog-upload=false contradict each other`,
        'signatures of an identity must be logged: sign summaries with the key, too, or omit --tlog-upload=false',
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
    throw usage(`${idle[0]} requires --verification-summaries`, 'add --verification-summaries, or omit the flag');
  return { summaries: undefined, carrySboms };
}
