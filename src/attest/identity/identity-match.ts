import { PromotionError } from '../../errors.ts';
import { identityPattern } from '../../policy/identity-pattern.ts';
import type { Identity } from '../roles.ts';

/** What a signer must be: each part exact or as one of Go's regular expressions, which must match the whole of it. */
export type ExpectedIdentity = {
  readonly subject?: string;
  readonly subjectPattern?: string;
  readonly issuer?: string;
  readonly issuerPattern?: string;
};

/** The hint of a key, or a keyless identity; one of them must match. */
export type IdentityMatchOptions = {
  readonly anyOf: readonly ExpectedIdentity[];
  /** Hints of keys that are trusted as they are. */
  readonly keys?: readonly string[];
};

/** Says of an identity whether it is one of those expected; throws USAGE for what is no pattern or says nothing of one half. */
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

/** What is neither given exactly nor as a pattern would be anybody. */
function matcher(what: string, exact: string | undefined, pattern: string | undefined): (text: string) => boolean {
  if ((exact === undefined) === (pattern === undefined) || exact === '' || pattern === '') {
    throw new PromotionError('USAGE', `${what} of a signer must be given either exactly or as a regular expression`, {
      hint: 'give one of the two flags, with a value',
    });
  }
  if (pattern === undefined) return (text) => text === exact;
  const compiled = identityPattern(pattern);
  if ('value' in compiled) return compiled.value;
  throw new PromotionError('USAGE', `${what}: "${pattern}" ${compiled.message}`, { hint: compiled.hint });
}
