/** One challenge of a `WWW-Authenticate` header: scheme and parameter names in lower case. */
export type Challenge = { readonly scheme: string; readonly params: ReadonlyMap<string, string> };

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"?/y;
const UNQUOTED = /[^\s,]*/y;
const BETWEEN = /[\s,]*/y;
const SPACES = /\s*/y;
const EQUALS = /\s*=\s*/y;

/**
 * All challenges in these header values, in order: several may stand in one header or in several (RFC 9110 §11.6.1).
 * What is malformed is left out, never thrown at: the answer comes from a server.
 */
export function parseChallenges(values: readonly string[]): readonly Challenge[] {
  return values.flatMap(challengesIn);
}

function challengesIn(text: string): Challenge[] {
  const found: { scheme: string; params: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match ?? undefined;
  };
  while (at < text.length) {
    take(BETWEEN);
    const word = take(TOKEN)?.[0];
    if (word === undefined) {
      at += 1; // no token starts here; look further on
      continue;
    }
    if (take(EQUALS) !== undefined) {
      const value = take(QUOTED)?.[1]?.replace(/\\(.)/g, '$1') ?? take(UNQUOTED)?.[0] ?? '';
      found.at(-1)?.params.set(word.toLowerCase(), value);
      continue;
    }
    found.push({ scheme: word.toLowerCase(), params: new Map() });
    take(SPACES);
    const next = at;
    // `Negotiate abc=` carries a blob where others have parameters; a lone word is the next scheme.
    if (!/[=/+~]/.test(take(TOKEN68)?.[0] ?? '')) at = next;
  }
  return found;
}

/** How a registry wants to be asked. */
export type Scheme =
  | {
      readonly kind: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scopes: readonly string[];
    }
  | { readonly kind: 'basic' }
  /** It names no scheme that we know; `offered` are those that it names. */
  | { readonly kind: 'unnamed'; readonly offered: readonly string[] };

/** The challenge that we can answer: Bearer with a realm before Basic; undefined when there is neither. */
export function chooseScheme(challenges: readonly Challenge[]): Scheme | undefined {
  for (const { scheme, params } of challenges) {
    const realm = params.get('realm');
    if (scheme !== 'bearer' || realm === undefined || realm === '') continue;
    const scopes = (params.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
    return { kind: 'bearer', realm, service: params.get('service'), scopes };
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { kind: 'basic' } : undefined;
}
