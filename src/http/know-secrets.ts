import type { Secrets } from '../secrets/secrets.ts';
import { basicSecrets, isSecretName, isTokenLike, jsonSecrets } from '../secrets/told-secrets.ts';
import { type Fetch, type HttpRequest, type ResponseBody, header } from './fetch.ts';
import { isHarmless } from './redact.ts';

/** A login or its answer is smaller; in bytes. */
const FORM_LIMIT = 262_144;

/**
 * Learns each secret that is sent or received, so that an answer which repeats it is shown without: credentials in
 * headers and logins, tokens, and the parameters of addresses that servers give. Answers bring along what hides secrets.
 */
export const knowSecrets =
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
  // What we ask by ourselves has the parameters of the protocol only.
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
    // a secret without `=` is a name
    const said = value === '' ? name : value;
    const isLong = said.length >= RANDOM && /[0-9]/.test(said) && /[A-Za-z]/.test(said);
    if ((isLong || isSecretName(name) || isSigned(name)) && isTokenLike(said)) secrets.learnPassing(said);
  }
}

/** What is longer than this under any name, and has digits and letters, is random; `AWS4-HMAC-SHA256` is shorter. */
const RANDOM = 20;

/** `X-Amz-Signature`, `X-Goog-Signature`, `sig` of Azure. */
function isSigned(name: string): boolean {
  return /signature|(?:^|[-_])sig$|hmac|_state|key/i.test(name);
}

/** Learns the tokens of a body as it is read. */
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
