import type * as core from '@sigstore/core';
import type * as verify from '@sigstore/verify';

/** The libraries for verification, loaded at first use. */
export type VerifyLibraries = { readonly verify: typeof verify; readonly core: typeof core };
