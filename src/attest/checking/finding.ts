import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { isSignatureForm, type Attached } from '../attached/types.ts';
import { identityText } from '../identity/same-identity.ts';
import { isRecordOf } from '../writing/record-digest.ts';
import type { Identity } from '../roles.ts';

/**
 * `verified`: by whom it is expected, of this digest and name; `untrusted`: good, but by others or under another name;
 * `failed`: tampered with, or of another digest; `unverifiable`: nobody here can tell; `unsigned`: there is none.
 */
export type CheckStatus = 'verified' | 'untrusted' | 'failed' | 'unverifiable' | 'unsigned';

/** What was found of the signature, or of the promotion record, of one digest in one repository. */
export type Finding = {
  /** The digest that was asked about, or a platform of it. */
  readonly subject: Digest;
  readonly repository: RepositoryName;
  readonly what: 'signature' | 'record';
  readonly status: CheckStatus;
  readonly who?: Identity;
  readonly why?: string;
};

export type Judged = Pick<Finding, 'status' | 'who' | 'why'> & {
  /** The forms in which a good one is there. */
  readonly forms: readonly Attached['form'][];
};

export type Expected = {
  readonly isExpected: (identity: Identity) => boolean;
  /** The name that signatures must carry, and after it those that it had before; records may have any. */
  readonly references: readonly string[];
};

/** What is told of several that are no good: the worst news first. */
const ORDER: readonly CheckStatus[] = ['verified', 'failed', 'untrusted', 'unverifiable', 'unsigned'];

/** What the attached come to as a signature: one that is good and that cosign sees is enough, whatever else is there. */
export function judgeSignature(attached: readonly Attached[], expected: Expected): Judged {
  const judged = best(attached.filter(mayBeSignature), (one) => judge(one, expected, expected.references));
  return judged.status === 'verified' && isHidden(attached, expected) ? { ...judged, ...HIDDEN } : judged;
}

const HIDDEN = {
  status: 'unsigned',
  why: 'cosign reads no .sig where there is a bundle, and none is by whom it is expected',
} as const;

/** cosign v3 takes any bundle by the right signer, and looks at `.sig` only where no bundle can be read. */
function isHidden(attached: readonly Attached[], { isExpected }: Expected): boolean {
  const bundles = attached.filter(({ form, kind }) => form === 'bundle' && kind !== 'other');
  const isGood = ({ verdict: { status, identity } }: Attached): boolean =>
    status === 'verified' && identity !== undefined && isExpected(identity);
  return bundles.length > 0 && !bundles.some(isGood);
}

/** The same as a promotion record. */
export function judgeRecord(attached: readonly Attached[], expected: Expected, subject: Digest): Judged {
  return best(
    attached.filter(({ kind, error }) => kind === 'record' || error !== undefined),
    (one) => {
      const judged = judge(one, expected, undefined);
      if (judged.status !== 'verified' || isRecordOf(subject, one)) return judged;
      return { ...judged, status: 'failed', why: 'it tells of another digest' };
    },
  );
}

/** A layer of a signature image that cannot be read was meant to be one; what could not be read for now might be. */
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
  if (!isExpected(who)) return { status: 'untrusted', who, why: `it is by ${identityText(who)}, who is not expected` };
  // what names no name, as cosign's bundles, is bound to the digest alone
  if (accepted !== undefined && references.length > 0 && !references.some((name) => accepted.includes(name)))
    return { status: 'untrusted', who, why: `it is for ${references.join(', ')}, not for ${accepted[0]}` };
  return { status: 'verified', who };
}
