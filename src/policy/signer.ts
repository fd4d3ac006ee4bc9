import { identityPattern } from './identity-pattern.ts';

/** Who may sign: `sigstore::<issuer>::<identity>`, or `sigstore(identityMatch=regex)::<issuer>::<RE2>`. */
export type SignerRule = {
  /** As written. */
  readonly text: string;
  readonly issuer: string;
  /** Both the issuer and the whole of the identity. */
  matches(identity: { readonly issuer: string; readonly subject: string }): boolean;
};

/** Why a text is no signer, as half a sentence, and what would be right. */
export type WrongSigner = { readonly message: string; readonly hint: string };

const EXACT = 'sigstore::';
const REGEX = 'sigstore(identityMatch=regex)::';
/** The form of a signer as a regular expression, for editors. */
export const SIGNER_FORM = '^sigstore(?:\\(identityMatch=regex\\))?::[^:]+(?::[^:]+)*::.+$';
const FORM_HINT = `write ${EXACT}<issuer>::<identity>, or ${REGEX}<issuer>::<regular expression>`;

/** Understands one signer of a policy. */
export function parseSigner(text: string): { readonly value: SignerRule } | WrongSigner {
  const prefix = [EXACT, REGEX].find((form) => text.startsWith(form));
  if (prefix === undefined) return { message: `is ${JSON.stringify(text)}, which is no signer`, hint: FORM_HINT };
  const rest = text.slice(prefix.length);
  const end = rest.indexOf('::');
  const issuer = end < 0 ? rest : rest.slice(0, end);
  const identity = end < 0 ? '' : rest.slice(end + 2);
  if (issuer.trim() === '' || identity.trim() === '')
    return {
      message: `is ${JSON.stringify(text)}, which has no ${issuer.trim() === '' ? 'issuer' : 'identity'}`,
      hint: FORM_HINT,
    };
  const pattern = prefix === EXACT ? { value: (subject: string) => subject === identity } : identityPattern(identity);
  if (!('value' in pattern)) return { message: `${JSON.stringify(identity)} ${pattern.message}`, hint: pattern.hint };
  return { value: { text, issuer, matches: (by) => by.issuer === issuer && pattern.value(by.subject) } };
}
