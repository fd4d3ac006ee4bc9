/** Names of keys, parameters and headers whose values are secret. */
const SECRET_NAME =
  /token|secret|passw|passphrase|private_?key|access_?key|api_?key|credential|authorization|assertion|signature|cookie|jwt|(?:^|_)(?:auth|sig|pwd|pat|key)$/i;
/** Names of settings with the location or the owner of a secret. */
const ABOUT_SECRETS =
  /(?:_(?:file|path|dir|url|uri|host|id|name|type|ttl|account|user|username|scopes?)|type|expires_in)$/i;
/** Suffixes of variables whose values are secret. */
const SECRET_END =
  /(?:token|secret|password|passwd|passphrase|key|credentials?|authorization|assertion|signature|cookie|jwt|pat|pwd|auth)_?[0-9]*$/i;
/** Variables whose values are addresses with a login, with or without a scheme. */
const ADDRESSES = /(?:^|_)(?:proxy|limiter|redis(?:_url)?)$/i;

/** Minimum length of a secret in characters. */
const SHORTEST = 6;
/** Common values of settings with such names. */
const SETTINGS = /^(?:enabled|disabled|required|optional|default|always|[0-9]{1,8})$/i;
/** Minimum length of a token in characters, longer than the words of reports. */
const SHORTEST_TOKEN = 12;
const DEPTH = 16;

/** Returns true for a name whose value is a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !ABOUT_SECRETS.test(name);
}

/**
 * Returns true for a text that may be a token. A server may call anything a token: words, codes and image names must
 * stay readable, or it could hide what is reported about it.
 */
export function isTokenLike(text: string): boolean {
  if (text.length < SHORTEST_TOKEN || /\s/.test(text)) return false;
  return !/^(?:[a-z]+|[A-Z_]+|[0-9]+|[a-z0-9.:@-]+\/[a-z0-9._/:@-]*)$/.test(text);
}

/** Returns the secrets of an environment: values with secret names, logins in addresses, and both inside JSON. */
export function environmentSecrets(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    const logins = loginsIn(ADDRESSES.test(name) && !value.includes('://') ? `http://${value}` : value);
    if (value.startsWith('{')) return [...logins, ...jsonSecrets(value)];
    if (NAMING.test(name) || value.includes('-----BEGIN ')) return [...logins, ...misplacedSecrets(value)];
    // `TOKEN_AUDIENCE` is about a token; `TOKEN_OF_PROD` is recognized by its value.
    const isNamed = isSecretName(name) && (SECRET_END.test(name) || isOpaque(value));
    return (isNamed && isValue(value)) || TOKEN.test(value) ? [...logins, value] : logins;
  });
}

/** Returns true for a value that is not a path, address or switch. */
function isValue(value: string): boolean {
  return value.length >= SHORTEST && !SETTINGS.test(value) && !/^(?:\.{0,2}\/|~|[a-z][a-z0-9+.-]*:\/\/)/i.test(value);
}

/**
 * Returns the passwords of the addresses in a text; for an address with only a user, the user, which may be a token.
 */
export function loginsIn(text: string): readonly string[] {
  return [...text.matchAll(/:\/\/([^\s/?#@]+)@/g)].flatMap(([, login = '']) => {
    const colon = login.indexOf(':');
    return colon < 0 ? [login] : [login, login.slice(colon + 1)];
  });
}

/** Returns the secrets of a base64-encoded user and password, as in Docker's files and HTTP. */
export function basicSecrets(encoded: string): readonly string[] {
  const login = Buffer.from(encoded, 'base64').toString('utf8');
  return [encoded, login.slice(login.indexOf(':') + 1).replaceAll('\0', '')];
}

/** Returns the texts with secret names in JSON, at any depth; empty if it is not JSON. */
export function jsonSecrets(text: string, keeps: (value: string) => boolean = isValue): readonly string[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [];
  }
  return secretsWithin(json, keeps, '', DEPTH);
}

function secretsWithin(
  value: unknown,
  keeps: (value: string) => boolean,
  name: string,
  depth: number,
): readonly string[] {
  if (typeof value === 'string') {
    if (!isSecretName(name) || !keeps(value)) return [];
    return name === 'auth' ? basicSecrets(value) : [value];
  }
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    secretsWithin(inner, keeps, Array.isArray(value) ? name : key, depth - 1),
  );
}

/** JSON Web Tokens, and tokens of GitHub, GitLab, Google, Docker, Slack, Vault, npm and AWS by their prefixes. */
const TOKEN =
  /\beyJ[\w-]{8,}\.|\b(?:gh[a-z]_|github_pat_|gl(?:pat|dt|rt|cbt|ptt|ft|oas|agent)-|ya29\.|GOCSPX-|dckr_[a-z]{3}_|xox[a-z]-|hv[bsr]\.|npm_|A[KS]IA)[\w-]{12,}/;
const PEM = /-----BEGIN [^-]*-----[^-]*/g;
/** Random letters and digits; shorter ones are names. */
const OPAQUE = /^[A-Za-z0-9+/=_-]{20,}$/;

/**
 * Returns the secrets in a value that should be a name (a file, an address, a duration): in a flag, a variable or a
 * configuration file. `isName` recognizes names that look random.
 */
export function misplacedSecrets(text: string, isName: (word: string) => boolean = () => false): readonly string[] {
  const words = text.split(/[\s"',]+/).map((word) => word.replace(/^--?[a-z][\w-]*=/i, ''));
  return [
    ...(text.match(PEM) ?? []),
    ...words.filter((word) => TOKEN.test(word) || (isOpaque(word) && !isName(word))),
    ...jsonSecrets(text.slice(Math.max(0, text.indexOf('{')))),
  ];
}

function isOpaque(word: string): boolean {
  if (!OPAQUE.test(word) || word.startsWith('/')) return false;
  if (/^[0-9a-f]{32,}$/i.test(word)) return true;
  return [/[A-Z]/, /[a-z]/, /[0-9]/].every((kind) => kind.test(word));
}

/** Variables that contain files and addresses. */
const NAMING =
  /(?:_(?:FILE|PATH|DIR|CREDENTIALS|CONFIG|MIRROR|JSON|ROOT|URL|URI|ENDPOINT|HOST|PROXY)|^DOCKER_CONFIG)$/i;
