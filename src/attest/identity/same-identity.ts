import { PromotionError } from '../../errors.ts';
import type { Identity, Verdict } from '../roles.ts';
import type { Expectation } from './token.ts';

/** An identity in the words of a log or an error. */
export function identityText(identity: Identity): string {
  return identity.kind === 'key' ? `the key ${identity.hint}` : `${identity.subject} (${identity.issuer})`;
}

/** True for one and the same signer. */
export function isSameIdentity(a: Identity, b: Identity): boolean {
  if (a.kind === 'key') return b.kind === 'key' && a.hint === b.hint;
  return b.kind === 'keyless' && a.subject === b.subject && a.issuer === b.issuer;
}

/** Throws SIGNATURE_MISMATCH when a certificate is in another name than it must be. */
export function checkExpected(what: string, identity: Identity, { subject, issuer }: Expectation): void {
  if (identity.kind === 'keyless') {
    const isWrong = (wanted: string | undefined, is: string): boolean => wanted !== undefined && wanted !== is;
    if (!isWrong(subject, identity.subject) && !isWrong(issuer, identity.issuer)) return;
  }
  const wanted = `${subject ?? 'anybody'} (${issuer ?? 'any issuer'})`;
  throw mismatch(what, `it is in the name of ${identityText(identity)}, not of ${wanted}`);
}

/** Throws SIGNATURE_MISMATCH unless our own signature was verified, and as ours. */
export function checkOwn(what: string, verdict: Verdict, identity: Identity): void {
  if (verdict.status !== 'verified' || verdict.identity === undefined)
    throw mismatch(what, `it does not verify: ${verdict.reason ?? verdict.status}`);
  if (!isSameIdentity(verdict.identity, identity))
    throw mismatch(what, `it was made by ${identityText(verdict.identity)}, not by ${identityText(identity)}`);
}

function mismatch(what: string, why: string): PromotionError {
  return new PromotionError('SIGNATURE_MISMATCH', `checking ${what} before it is used: ${why}`, {
    hint: 'check the signing account, and that the trusted root is that of the services; nothing of it was pushed',
  });
}
