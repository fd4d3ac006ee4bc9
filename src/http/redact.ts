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

/** The URL as it may be shown: scheme, host and path; of the query only what is known to be harmless, «…» for the rest; no user, no fragment. */
export function redactUrl(url: URL): string {
  const pairs = [...url.searchParams];
  const shown = pairs.filter(([key]) => HARMLESS.has(key)).map(([key, value]) => `${key}=${value}`);
  // Not even the keys of the rest: a secret without `=` is a key.
  if (shown.length < pairs.length) shown.push('…');
  return `${url.protocol}//${url.host}${url.pathname}${shown.length === 0 ? '' : `?${shown.join('&')}`}`;
}
