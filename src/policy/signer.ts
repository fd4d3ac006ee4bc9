import { identityPattern, type WrongPattern } from './identity-pattern.ts';
import { pathPattern } from './path-pattern.ts';

/**
 * A permitted signer: `sigstore::<issuer>::<identity>`, with optional annotations such as `(identityMatch=regex)` that
 * set the comparison.
 */
export type SignerRule = {
  /** As written. */
  readonly text: string;
  /** Compares the whole issuer and the whole identity. */
  matches(identity: { readonly issuer: string; readonly subject: string }): boolean;
};

const KINDS = ['exact', 'prefix', 'glob', 'regex'] as const;

/** How the issuer or the identity is compared; `foldsCase` for `/i`. */
type Comparison = { readonly kind: (typeof KINDS)[number]; readonly foldsCase: boolean };

/** The issuer or the identity of a signer, and how it is compared. */
type Half = Comparison & { readonly text: string };

/** A parsed signer whose patterns are not compiled yet. */
type WrittenSigner = { readonly issuer: Half; readonly identity: Half };

const ANNOTATION = '\\s*(?:regexp\\s*=?|(?:issuer|identity)Match\\s*=\\s*(?:exact|prefix|glob|regex)(?:/i?)?)\\s*';
/** The format of a signer as a regular expression, for editors. */
export const SIGNER_FORM = `^sigstore(?:\\(${ANNOTATION}(?:,${ANNOTATION})*\\))?::[^:]+(?::[^:]+)*::.+$`;
const FORM_HINT =
  'write sigstore::<issuer>::<identity>, both exact; sigstore(identityMatch=regex)::<issuer>::<expression> compares the identity in another way';
const EXACT: Comparison = { kind: 'exact', foldsCase: false };

/**
 * Parses a signer like upstream's library (https://github.com/policylabs/signer/blob/main/docs/identity-matching.md),
 * without compiling its patterns.
 */
export function readSigner(text: string): WrittenSigner | WrongPattern {
  const [, annotations, rest] = /^sigstore(?:\(([^)]*)\))?::(.*)$/s.exec(text) ?? [];
  if (rest === undefined) return { message: `is ${shown(text)}, which is not a signer`, hint: FORM_HINT };
  const comparisons = annotations === undefined ? {} : comparisonsIn(annotations);
  if ('message' in comparisons) return { ...comparisons, message: `${shown(text)} ${comparisons.message}` };
  const [issuer = '', ...others] = rest.split('::');
  // like upstream: after annotations "::" only separates
  if (annotations !== undefined && others.length > 1)
    return { message: `is ${shown(text)}, which has "::" in its issuer or identity`, hint: COLONS_HINT };
  const identity = others.join('::');
  for (const [what, half] of [
    ['issuer', issuer],
    ['identity', identity],
  ] as const)
    if (half.trim() === '') return { message: `is ${shown(text)}, which has no ${what}`, hint: FORM_HINT };
  const { issuerMatch = EXACT, identityMatch = EXACT } = comparisons;
  return { issuer: { ...issuerMatch, text: issuer }, identity: { ...identityMatch, text: identity } };
}

const COLONS_HINT = 'leave out the annotation in parentheses, or write ":{2}" in a regular expression';

type Comparisons = { readonly issuerMatch?: Comparison; readonly identityMatch?: Comparison };

/** Parses `issuerMatch=exact,identityMatch=regex/i`, or `regexp`, which sets both. */
function comparisonsIn(annotations: string): Comparisons | WrongPattern {
  const found = new Map<string, Comparison>();
  for (const annotation of annotations.split(',')) {
    const [name = '', value = ''] = annotation.split(/=(.*)/s, 2).map((part) => part.trim());
    const comparison = name === 'regexp' ? wholeExpression(value) : comparisonOf(value);
    if (!['regexp', 'issuerMatch', 'identityMatch'].includes(name))
      return { message: `has the unknown annotation ${shown(name)}`, hint: 'write issuerMatch or identityMatch' };
    if (found.has(name)) return { message: `has the annotation ${name} twice`, hint: 'keep the stricter one' };
    if (comparison === undefined)
      return {
        message: `compares by ${shown(value)}, which is unknown`,
        hint: `write ${name === 'regexp' ? 'regexp alone' : `${name}=exact, prefix, glob or regex, or one of these with /i for any case`}`,
      };
    found.set(name, comparison);
  }
  const both = found.get('regexp');
  const [issuerMatch, identityMatch] = [found.get('issuerMatch') ?? both, found.get('identityMatch') ?? both];
  return { ...(issuerMatch && { issuerMatch }), ...(identityMatch && { identityMatch }) };
}

function wholeExpression(value: string): Comparison | undefined {
  return value === '' ? { kind: 'regex', foldsCase: false } : undefined;
}

function comparisonOf(value: string): Comparison | undefined {
  const [word, option = ''] = value.split(/\/(.*)/s, 2);
  const kind = KINDS.find((one) => one === word);
  return kind === undefined || !['', 'i'].includes(option) ? undefined : { kind, foldsCase: option === 'i' };
}

/** Parses one signer of a policy. */
export function parseSigner(text: string): { readonly value: SignerRule } | WrongPattern {
  const read = readSigner(text);
  if ('message' in read) return read;
  const [issuer, identity] = [comparing(read.issuer), comparing(read.identity)];
  if (!('value' in issuer)) return { ...issuer, message: `${shown(read.issuer.text)} ${issuer.message}` };
  if (!('value' in identity)) return { ...identity, message: `${shown(read.identity.text)} ${identity.message}` };
  return { value: { text, matches: (by) => issuer.value(by.issuer) && identity.value(by.subject) } };
}

function comparing({ kind, foldsCase, text }: Half): { readonly value: (whole: string) => boolean } | WrongPattern {
  if (kind === 'regex') return identityPattern(text, foldsCase);
  const folded = (one: string): string => (foldsCase ? one.toLowerCase() : one);
  const wanted = folded(text);
  if (kind === 'exact') return { value: (whole) => folded(whole) === wanted };
  if (kind === 'prefix') return { value: (whole) => folded(whole).startsWith(wanted) };
  const pattern = pathPattern(wanted);
  return 'value' in pattern ? { value: (whole) => pattern.value(folded(whole)) } : pattern;
}

/** Shortens untrusted text, which may be a megabyte. */
function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/** Returns an upper bound of the steps that the expressions of a signer compile to; 0 without expressions. */
export function expressionCost(text: string): number {
  const read = readSigner(text);
  if ('message' in read) return 0;
  return [read.issuer, read.identity].reduce((sum, half) => sum + (half.kind === 'regex' ? stepsIn(half.text) : 0), 0);
}

function stepsIn(expression: string): number {
  let most = 1;
  for (const [, least = '', last = ''] of expression.matchAll(/\{(\d{1,4})(?:,(\d{0,4}))?\}/g))
    most = Math.max(most, Number(least), Number(last));
  return expression.length * most;
}
