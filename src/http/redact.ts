/** Query keys whose values belong to the distribution specification or to a token request, and are never secret. */
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

/** Returns true for a query key whose value is never secret. */
export function isHarmless(key: string): boolean {
  return HARMLESS.has(key);
}

/**
 * Returns a URL that is safe to show: scheme, host, path, and those query parameters that are never secret; «…» stands
 * for the others. Drops user and fragment.
 */
export function redactUrl(url: URL): string {
  // Almost all addresses have no parameters, and parsing none takes most of the time.
  if (url.search === '') return `${url.protocol}//${url.host}${url.pathname}`;
  const pairs = [...url.searchParams];
  const shown = pairs.filter(([key]) => isHarmless(key)).map(([key, value]) => `${key}=${value}`);
  // The keys of the other parameters are hidden as well: a secret without `=` is a key.
  if (shown.length < pairs.length) shown.push('…');
  return `${url.protocol}//${url.host}${url.pathname}${shown.length === 0 ? '' : `?${shown.join('&')}`}`;
}

/**
 * Returns untrusted text that is safe to show, on one line. Removes control and bidirectional characters, which could
 * rewrite a terminal, and the credentials and signed addresses that servers and libraries echo.
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

/** Returns the characters before the JSON Web Token in a run: `eyJ` is the base64 of `{"`. */
function withoutToken(run: string): string {
  const start = run.search(/\beyJ/);
  return start < 0 || !run.includes('.', start) ? run : `${run.slice(0, start)}…`;
}
