import { PromotionError } from '../../errors.ts';
import { identityPattern } from '../../policy/identity-pattern.ts';
import type { Identity } from '../roles.ts';

/** An expected signer: each part is exact or a Go regular expression, which must match the whole of it. */
export type ExpectedIdentity = {
  readonly subject?: string | undefined;
  readonly subjectPattern?: string | undefined;
  readonly issuer?: string | undefined;
  readonly issuerPattern?: string | undefined;
};

/** A key hint or keyless identities; one of them must match. */
type IdentityMatchOptions = {
  readonly anyOf: readonly ExpectedIdentity[];
  /** Hints of trusted keys. */
  readonly keys?: readonly string[];
};

/**
 * Returns a function that checks whether an identity is expected. Throws USAGE if a pattern is invalid or a part is
 * missing.
 */
export function identityMatch({ anyOf, keys = [] }: IdentityMatchOptions): (identity: Identity) => boolean {
  const rules = anyOf.map(({ subject, subjectPattern, issuer, issuerPattern }) => ({
    subject: matcher('the identity', subject, subjectPattern),
    issuer: matcher('the issuer', issuer, issuerPattern),
  }));
  return (identity) =>
    identity.kind === 'key'
      ? keys.includes(identity.hint)
      : rules.some((rule) => rule.subject(identity.subject) && rule.issuer(identity.issuer));
}

/** A part without an exact value or a pattern would match any signer. */
function matcher(what: string, exact: string | undefined, pattern: string | undefined): (text: string) => boolean {
  if ((exact === undefined) === (pattern === undefined) || exact === '' || pattern === '') {
    throw new PromotionError('USAGE', `${what} of a signer must be either an exact value or a regular expression`, {
      hint: 'set one of the two flags to a value',
    });
  }
  if (pattern === undefined) return (text) => text === exact;
  const compiled = identityPattern(pattern);
  if ('value' in compiled) return compiled.value;
  throw new PromotionError('USAGE', `${what}: "${pattern}" ${compiled.message}`, { hint: compiled.hint });
}
