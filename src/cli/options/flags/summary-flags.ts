import type { Flag } from './flag.ts';

/** What a run attaches besides signatures and promotion records; names and types that upstream has are upstream's. */
export const SUMMARY_FLAGS = [
  {
    name: 'verification-summaries',
    type: 'bool',
    default: 'false',
    help: 'Write a verification summary (SLSA VSA) for each digest that is promoted: what its policies came to.',
  },
  {
    name: 'summary-signer-account',
    type: 'string',
    default: '',
    value: 'ACCOUNT',
    help: 'The Google service account that signs verification summaries. Without it, and without --summary-identity-token, whoever signs the images does.',
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
    help: 'Evaluate anew what a verification summary calls FAILED or UNEVALUATED, and write a newer one where the result is another.',
  },
  {
    name: 'carry-sboms',
    type: 'bool',
    default: 'true',
    help: 'Carry the SBOMs that policies accepted in staging to production, as all other attestations that they accepted. With =false they stay in staging.',
  },
] as const satisfies readonly Flag[];
