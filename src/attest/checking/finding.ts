import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { isSignatureForm, type Attached } from '../attached/types.ts';
import { identityText } from '../identity/same-identity.ts';
import { isRecordOf } from '../writing/record-digest.ts';
import type { Identity } from '../roles.ts';

/**
 * `verified`: by an expected identity, for this digest and name; `untrusted`: valid, but by another identity or for
 * another name; `failed`: tampered with, or for another digest; `unverifiable`: cannot be verified here; `unsigned`:
 * none exists.
 */
type CheckStatus = 'verified' | 'untrusted' | 'failed' | 'unverifiable' | 'unsigned';

/** The result for the signature, or for the promotion record, of one digest in one repository. */
export type Finding = {
  /** The requested digest, or one of its platforms. */
  readonly subject: Digest;
  readonly repository: RepositoryName;
  readonly what: 'signature' | 'record';
  readonly status: CheckStatus;
  readonly who?: Identity | undefined;
  readonly why?: string | undefined;
};

export type Judged = Pick<Finding, 'status' | 'who' | 'why'> & {
  /** The forms in which a good one exists. */
  readonly forms: readonly Attached['form'][];
};

export type Expected = {
  readonly isExpected: (identity: Identity) => boolean;
  /** The reference that signatures must carry, followed by earlier ones. Records may have any. */
  readonly references: readonly string[];
};

/** Order in which one of several is reported: a good one, then the worst. */
const ORDER: readonly CheckStatus[] = ['verified', 'failed', 'untrusted', 'unverifiable', 'unsigned'];

/** Returns the status of the signature. One good signature that cosign reads is enough, whatever else is attached. */
export function judgeSignature(attached: readonly Attached[], expected: Expected): Judged {
  const judged = best(attached.filter(mayBeSignature), (one) => judge(one, expected, expected.references));
  return judged.status === 'verified' && isHidden(attached, expected) ? { ...judged, ...HIDDEN } : judged;
}

const HIDDEN = {
  status: 'unsigned',
  why: 'cosign reads no .sig if there is a bundle, and no bundle is signed by an expected identity',
} as const;

/** cosign v3 accepts any bundle of the right signer, and reads `.sig` only if no bundle can be read. */
function isHidden(attached: readonly Attached[], { isExpected }: Expected): boolean {
  const bundles = attached.filter(({ form, kind }) => form === 'bundle' && kind !== 'other');
  const isGood = ({ verdict: { status, identity } }: Attached): boolean =>
    status === 'verified' && identity !== undefined && isExpected(identity);
  return bundles.length > 0 && !bundles.some(isGood);
}

/** Returns the status of the promotion record. */
export function judgeRecord(attached: readonly Attached[], expected: Expected, subject: Digest): Judged {
  return best(
    attached.filter(({ kind, error }) => kind === 'record' || error !== undefined),
    (one) => {
      const judged = judge(one, expected, undefined);
      if (judged.status !== 'verified' || isRecordOf(subject, one)) return judged;
      return { ...judged, status: 'failed', why: 'it is about another digest' };
    },
  );
}

/**
 * An unreadable layer of a signature image counts as a signature; an item that is temporarily unreadable may be one.
 */
function mayBeSignature({ kind, form, error }: Attached): boolean {
  return kind === 'signature' || (kind === 'other' && (isSignatureForm(form) || error !== undefined));
}

function best(attached: readonly Attached[], judgement: (one: Attached) => Omit<Judged, 'forms'>): Judged {
  const judged = attached.map((one) => ({ form: one.form, told: judgement(one) }));
  const [first] = judged.toSorted((a, b) => ORDER.indexOf(a.told.status) - ORDER.indexOf(b.told.status));
  const good = judged.filter(({ told }) => told.status === 'verified').map(({ form }) => form);
  return { ...(first?.told ?? { status: 'unsigned' }), forms: [...new Set(good)] };
}

function judge(
  { verdict, error, references }: Attached,
  { isExpected }: Expected,
  accepted: readonly string[] | undefined,
): Omit<Judged, 'forms'> {
  const { status, reason, identity: who } = verdict;
  if (error !== undefined) return { status: 'unverifiable', why: error.message };
  if (status !== 'verified' || who === undefined) {
    const why = reason === undefined ? {} : { why: reason };
    return { status: status === 'verified' ? 'unverifiable' : status, ...why };
  }
  if (!isExpected(who))
    return { status: 'untrusted', who, why: `it is signed by the unexpected identity ${identityText(who)}` };
  // a signature without a name, such as cosign's bundles, is bound to the digest alone
  if (accepted !== undefined && references.length > 0 && !references.some((name) => accepted.includes(name)))
    return { status: 'untrusted', who, why: `it is for ${references.join(', ')}, not for ${accepted[0]}` };
  return { status: 'verified', who };
}
