/** Query keys whose values are part of the distribution-spec or of a token request, and never secret. */
const HARMLESS = new Set([
  'n',
  'last',
  'mount',
  'from',
  'digest',
  'digest-algorithm',
  'scope',
  'service',
  'artifactType',
  'next_page',
  'ns',
  'tag',
  'account',
  'client_id',
]);

/** True for a query key whose value is never secret. */
export function isHarmless(key: string): boolean {
  return HARMLESS.has(key);
}

/** The URL as it may be shown: scheme, host and path; of the query only what is known to be harmless, «…» for the rest; no user, no fragment. */
export function redactUrl(url: URL): string {
  const pairs = [...url.searchParams];
  const shown = pairs.filter(([key]) => isHarmless(key)).map(([key, value]) => `${key}=${value}`);
  // Not even the keys of the rest: a secret without `=` is a key.
  if (shown.length < pairs.length) shown.push('…');
  return `${url.protocol}//${url.host}${url.pathname}${shown.length === 0 ? '' : `?${shown.join('&')}`}`;
}

/**
 * Foreign text as it may be shown, on one line: control and bidirectional characters could rewrite a terminal, and
 * servers and libraries echo what they were sent, credentials and signed addresses included.
 */
export function redactText(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/https?:\/\/[^\s"'<>]+/gi, (url) => (URL.canParse(url) ? redactUrl(new URL(url)) : '…'))
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, '$1 …')
    .replace(
      /((?:token|password|passwd|secret|signature|sig|authorization|assertion|credential|access_?key|api_?key)["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi,
      '$1…',
    )
    .replace(/[\w.-]{8,}/g, withoutToken)
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '…')
    .replace(/ +/g, ' ')
    .trim();
}

/** A run of characters up to the JSON Web Token in it: `eyJ` is the base64 of `{"`. */
function withoutToken(run: string): string {
  const start = run.search(/\beyJ/);
  return start < 0 || !run.includes('.', start) ? run : `${run.slice(0, start)}…`;
}
