import type { FlagValues } from './flags/parse-flags.ts';
import { usage } from '../unknown.ts';
import type { SUMMARY_FLAGS } from './flags/summary-flags.ts';

/** What is attached besides signatures and promotion records. */
export type SummaryOptions = {
  /** Where verification summaries are written: who signs them, if not whoever signs the images. */
  readonly summaries?: {
    readonly signerAccount?: string;
    /** A file. */
    readonly identityToken?: string;
    readonly supersede: boolean;
  };
  readonly carrySboms: boolean;
};

/** The options that these flags mean; throws USAGE for what contradicts itself. */
export function summaryOptions(values: FlagValues<typeof SUMMARY_FLAGS>, tlogUpload: boolean): SummaryOptions {
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
    if (!tlogUpload && idle[0] !== undefined)
      throw usage(
        `${idle[0]} and --tlog-upload=false contradict each other`,
        'what is signed without a key of its own must be logged: have the key sign summaries, too, or log',
      );
    const who = { ...(signerAccount !== '' && { signerAccount }), ...(identityToken !== '' && { identityToken }) };
    return { summaries: { ...who, supersede }, carrySboms };
  }
  if (supersede) idle.push('--supersede-summaries');
  if (idle[0] !== undefined)
    throw usage(`${idle[0]} means nothing without summaries`, 'write --verification-summaries, too, or leave it out');
  return { carrySboms };
}
