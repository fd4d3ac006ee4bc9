/** Query keys whose values are part of the distribution-spec or of a token request, and never secret. */
const HARMLESS = new Set(['n', 'last', 'mount', 'from', 'digest', 'digest-algorithm', 'scope', 'service', 'artifactType', 'next_page', 'ns', 'tag', 'account', 'client_id']);

/** The URL as it may be shown: scheme, host and path; of the query only what is known to be harmless; no user, no fragment. */
export function redactUrl(url: URL): string {
  const query = [...url.searchParams].map(([key, value]) => (HARMLESS.has(key) ? `${key}=${value}` : `${plain(key)}=…`));
  return `${url.protocol}//${url.host}${url.pathname}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

/** A key is shown when it looks like a word; a secret without `=` looks like a key, too. */
function plain(key: string): string {
  return /^[A-Za-z_-]{1,32}$/.test(key) ? key : '…';
}
