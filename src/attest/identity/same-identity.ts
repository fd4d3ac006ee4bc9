import { PromotionError } from '../../errors.ts';
import type { Identity, Verdict } from '../roles.ts';
import type { Expectation } from './token.ts';

/** Formats an identity for logs and errors. */
export function identityText(identity: Identity): string {
  return identity.kind === 'key' ? `the key ${identity.hint}` : `${identity.subject} (${identity.issuer})`;
}

/** Returns true if both are the same signer. */
export function isSameIdentity(a: Identity, b: Identity): boolean {
  if (a.kind === 'key') return b.kind === 'key' && a.hint === b.hint;
  return b.kind === 'keyless' && a.subject === b.subject && a.issuer === b.issuer;
}

/** Throws SIGNATURE_MISMATCH if a certificate has another identity than expected. */
export function checkExpected(what: string, identity: Identity, { subject, issuer }: Expectation): void {
  if (identity.kind === 'keyless') {
    const isWrong = (wanted: string | undefined, is: string): boolean => wanted !== undefined && wanted !== is;
    if (!isWrong(subject, identity.subject) && !isWrong(issuer, identity.issuer)) return;
  }
  const wanted = `${subject ?? 'any subject'} (${issuer ?? 'any issuer'})`;
  throw mismatch(what, `it was issued to ${identityText(identity)}, not to ${wanted}`);
}

/** Throws SIGNATURE_MISMATCH unless our own signature is verified under our identity. */
export function checkOwn(what: string, verdict: Verdict, identity: Identity): void {
  if (verdict.status !== 'verified' || verdict.identity === undefined)
    throw mismatch(what, `verification failed: ${verdict.reason ?? verdict.status}`);
  if (!isSameIdentity(verdict.identity, identity))
    throw mismatch(what, `it was made by ${identityText(verdict.identity)}, not by ${identityText(identity)}`);
}

function mismatch(what: string, why: string): PromotionError {
  return new PromotionError('SIGNATURE_MISMATCH', `checking ${what} before it is used: ${why}`, {
    hint: 'check the signing account, and that the trusted root belongs to the services; nothing was pushed',
  });
}
