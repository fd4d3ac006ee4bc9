/** One challenge of a `WWW-Authenticate` header: scheme and parameter names in lower case. */
export type Challenge = { readonly scheme: string; readonly params: ReadonlyMap<string, string> };

// Each pattern matches one run of one character class, so none can backtrack.
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+/y;
const PADDING = /=*/y;
const UNQUOTED = /[^\s,]*/y;
const BETWEEN = /[\s,]*/y;
const SPACES = /\s*/y;

/**
 * Returns all challenges in these header values, in order. One header may hold several challenges, and the header may
 * be repeated (RFC 9110 §11.6.1). Skips malformed parts and never throws, because the text comes from a server.
 */
export function parseChallenges(values: readonly string[]): readonly Challenge[] {
  return values.flatMap(challengesIn);
}

/** No registry offers more ways to log in; further challenges are ignored. */
const MOST_CHALLENGES = 20;

type Reader = {
  /** Current position in the text. */
  at: number;
  /** Consumes and returns the match at the current position; the empty string if there is none. */
  take(pattern: RegExp): string;
  /** Consumes this character and the spaces around it; false if it is not there. */
  takeSign(sign: string): boolean;
};

function challengesIn(text: string): Challenge[] {
  const found: { scheme: string; params: Map<string, string> }[] = [];
  const reader = readerOf(text);
  const skipBlob = blobs(text, reader);
  while (reader.at < text.length && found.length < MOST_CHALLENGES) {
    reader.take(BETWEEN);
    const word = reader.take(TOKEN).toLowerCase();
    if (word === '') reader.at += 1; // no token starts here; look further on
    else if (reader.takeSign('=')) found.at(-1)?.params.set(word, quoted(text, reader) ?? reader.take(UNQUOTED));
    else {
      found.push({ scheme: word, params: new Map() });
      reader.take(SPACES);
      skipBlob();
    }
  }
  return found;
}

function readerOf(text: string): Reader {
  const reader: Reader = {
    at: 0,
    take: (pattern) => {
      pattern.lastIndex = reader.at;
      const [taken = ''] = pattern.exec(text) ?? [];
      reader.at += taken.length;
      return taken;
    },
    takeSign: (sign) => {
      const before = reader.at;
      reader.take(SPACES);
      const isThere = text[reader.at] === sign;
      reader.at = isThere ? reader.at + 1 : before;
      if (isThere) reader.take(SPACES);
      return isThere;
    },
  };
  return reader;
}

/** `Negotiate abc=` carries a token68 value instead of parameters; a lone word is the next scheme. */
function blobs(text: string, reader: Reader): () => void {
  // A run that is not token68 contains none either: it is examined once.
  let refused = 0;
  return () => {
    if (reader.at < refused) return;
    const start = reader.at;
    const characters = reader.take(TOKEN68);
    refused = reader.at;
    const isEncoded = /[=/+~]/.test(characters + reader.take(PADDING));
    reader.take(SPACES);
    const isLast = reader.at === text.length || text[reader.at] === ',';
    if (!isEncoded || !isLast) reader.at = start;
  };
}

/** Returns the quoted string without its backslashes. An unclosed string ends with the header. */
function quoted(text: string, reader: Reader): string | undefined {
  if (text[reader.at] !== '"') return undefined;
  let value = '';
  for (reader.at += 1; reader.at < text.length && text[reader.at] !== '"'; reader.at += 1) {
    if (text[reader.at] === '\\') reader.at += 1;
    value += text.charAt(reader.at);
  }
  reader.at += 1;
  return value;
}

/** The authentication scheme that a registry requires. */
export type Scheme =
  | {
      readonly kind: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scopes: readonly string[];
    }
  | { readonly kind: 'basic' }
  /** The registry names only schemes that we do not support, listed in `offered`. */
  | { readonly kind: 'unnamed'; readonly offered: readonly string[] };

/**
 * Returns the challenge that we can answer, Bearer with a realm before Basic. Returns undefined if there is neither.
 */
export function chooseScheme(challenges: readonly Challenge[]): Scheme | undefined {
  for (const { scheme, params } of challenges) {
    const realm = params.get('realm');
    if (scheme !== 'bearer' || realm === undefined || realm === '') continue;
    const scopes = (params.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
    return { kind: 'bearer', realm, service: params.get('service'), scopes };
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { kind: 'basic' } : undefined;
}
