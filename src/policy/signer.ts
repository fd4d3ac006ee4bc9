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

/** A signer in its parts; `isExpression` says whether the identity is one. */
export type WrittenSigner = { readonly issuer: string; readonly identity: string; readonly isExpression: boolean };

/** Reads the form of a signer, without a look at its expression. */
export function readSigner(text: string): WrittenSigner | WrongSigner {
  const prefix = [EXACT, REGEX].find((form) => text.startsWith(form));
  if (prefix === undefined) return { message: `is ${shown(text)}, which is no signer`, hint: FORM_HINT };
  const rest = text.slice(prefix.length);
  const end = rest.indexOf('::');
  const issuer = end < 0 ? rest : rest.slice(0, end);
  const identity = end < 0 ? '' : rest.slice(end + 2);
  if (issuer.trim() === '' || identity.trim() === '')
    return {
      message: `is ${shown(text)}, which has no ${issuer.trim() === '' ? 'issuer' : 'identity'}`,
      hint: FORM_HINT,
    };
  return { issuer, identity, isExpression: prefix === REGEX };
}

/** Understands one signer of a policy. */
export function parseSigner(text: string): { readonly value: SignerRule } | WrongSigner {
  const read = readSigner(text);
  if ('message' in read) return read;
  const { issuer, identity, isExpression } = read;
  const pattern = isExpression ? identityPattern(identity) : { value: (subject: string) => subject === identity };
  if (!('value' in pattern)) return { message: `${shown(identity)} ${pattern.message}`, hint: pattern.hint };
  return { value: { text, issuer, matches: (by) => by.issuer === issuer && pattern.value(by.subject) } };
}

/** Whoever writes a megabyte shall not have all of it repeated. */
function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/** How many steps the expression of a signer compiles to, as far as its length and counts tell; 0 for an exact identity. */
export function expressionCost(text: string): number {
  if (!text.startsWith(REGEX)) return 0;
  let most = 1;
  for (const [, least = '', last = ''] of text.matchAll(/\{(\d{1,4})(?:,(\d{0,4}))?\}/g))
    most = Math.max(most, Number(least), Number(last));
  return text.length * most;
}
