/** One challenge of a `WWW-Authenticate` header: scheme and parameter names in lower case. */
export type Challenge = { readonly scheme: string; readonly params: ReadonlyMap<string, string> };

// Each pattern is one run of one kind of character: none can try a second way.
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+/y;
const PADDING = /=*/y;
const UNQUOTED = /[^\s,]*/y;
const BETWEEN = /[\s,]*/y;
const SPACES = /\s*/y;

/**
 * All challenges in these header values, in order: several may stand in one header or in several (RFC 9110 §11.6.1).
 * What is malformed is left out, never thrown at: the answer comes from a server.
 */
export function parseChallenges(values: readonly string[]): readonly Challenge[] {
  return values.flatMap(challengesIn);
}

/** No registry offers more ways to log in; the rest is left. */
const MOST_CHALLENGES = 20;

type Reader = {
  /** Where it is. */
  at: number;
  /** Takes what matches there, which may be nothing. */
  take(pattern: RegExp): string;
  /** Takes this character, with the spaces around it. */
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

/** `Negotiate abc=` carries a blob where others have parameters; a lone word is the next scheme. */
function blobs(text: string, reader: Reader): () => void {
  // A run that is no blob has no end that is one: it is looked at once.
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

/** The text in double quotes, without its backslashes; one that is not closed ends with the header. */
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
