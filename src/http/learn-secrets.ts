import type { Secrets } from '../secrets/secrets.ts';
import { basicSecrets, isSecretName, isTokenLike, jsonSecrets } from '../secrets/find-secrets.ts';
import { type Fetch, type HttpRequest, type ResponseBody, header } from './fetch.ts';
import { isHarmless } from './redact.ts';

/** Maximum size of a login form or its response that is searched for secrets; in bytes. */
const FORM_LIMIT = 262_144;

/**
 * Layer that learns each secret that is sent or received, so that messages which repeat it are redacted. Secrets are
 * credentials in headers and logins, tokens, and the parameters of addresses from servers. Each response carries the
 * function that redacts.
 */
export const learnSecrets =
  (secrets: Secrets) =>
  (inner: Fetch): Fetch =>
  async (request) => {
    learnRequest(secrets, request);
    const response = await inner(request);
    learnAddress(secrets, URL.parse(header(response, 'location') ?? '', response.url.href));
    const body =
      request.operation === 'token' && response.status < 300 ? learned(secrets, response.body) : response.body;
    return { ...response, body, hide: secrets.hide };
  };

function learnRequest(secrets: Secrets, { url, from, headers = {}, operation, body }: HttpRequest): void {
  learnHeaders(secrets, Object.entries(headers));
  // Our own addresses have only the parameters of the protocol.
  if (from !== undefined) learnAddress(secrets, url);
  const isLogin = operation === 'token' || headers['content-type'] === 'application/json';
  if (!isLogin || body?.kind !== 'bytes' || body.bytes.length > FORM_LIMIT) return;
  const text = Buffer.from(body.bytes).toString('utf8');
  for (const secret of jsonSecrets(text)) (operation === 'token' ? secrets.learn : secrets.learnPassing)(secret);
  for (const [name, value] of new URLSearchParams(text)) if (isSecretName(name)) secrets.learn(value);
}

function learnHeaders(secrets: Secrets, headers: Iterable<readonly [string, string]>): void {
  for (const [name, value] of headers) {
    if (!isSecretName(name)) continue;
    const [, scheme = '', said = value] = /^(basic|bearer)\s+(\S+)$/i.exec(value) ?? [];
    if (scheme.toLowerCase() === 'basic') basicSecrets(said).forEach(secrets.learn);
    else if (isTokenLike(said)) secrets.learnPassing(said);
  }
}

function learnAddress(secrets: Secrets, url: URL | null): void {
  if (url === null) return;
  const { username, password, searchParams } = url;
  const login = password === '' ? username : password;
  if (isTokenLike(login)) secrets.learnPassing(login);
  for (const [name, value] of searchParams) {
    if (isHarmless(name)) continue;
    // A secret without `=` parses as a name.
    const said = value === '' ? name : value;
    const isLong = said.length >= RANDOM && /[0-9]/.test(said) && /[A-Za-z]/.test(said);
    if ((isLong || isSecretName(name) || isSigned(name)) && isTokenLike(said)) secrets.learnPassing(said);
  }
}

/**
 * A value longer than this with digits and letters is taken for a secret; `AWS4-HMAC-SHA256` is shorter. In characters.
 */
const RANDOM = 20;

/** Matches `X-Amz-Signature`, `X-Goog-Signature` and Azure's `sig`. */
function isSigned(name: string): boolean {
  return /signature|(?:^|[-_])sig$|hmac|_state|key/i.test(name);
}

/** Learns the tokens in a body as it is read. */
function learned(secrets: Secrets, body: ResponseBody): ResponseBody {
  return {
    ...body,
    bytes: async (limit) => {
      const bytes = await body.bytes(limit);
      const text = Buffer.from(bytes.subarray(0, FORM_LIMIT)).toString('utf8').trim();
      for (const token of isTokenLike(text) ? [text] : jsonSecrets(text, isTokenLike)) secrets.learnPassing(token);
      return bytes;
    },
  };
}
