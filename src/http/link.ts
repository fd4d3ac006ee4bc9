/**
 * Returns the target of the first link with `rel="next"` in a `Link` header (RFC 8288), as written. Runs in linear
 * time, because the header is untrusted.
 */
export function nextLink(text: string): string | undefined {
  for (let open = text.indexOf('<'); open >= 0;) {
    const close = text.indexOf('>', open);
    if (close < 0) return undefined;
    const comma = text.indexOf(',', close);
    const end = comma < 0 ? text.length : comma;
    const parameters = text.slice(close + 1, end);
    if (/^\s*;/.test(parameters)) {
      if (/\brel="?next"?/i.test(parameters)) return text.slice(open + 1, close);
      // A link that begins within these parameters would have the same parameters.
      open = text.indexOf('<', end);
    } else open = text.indexOf('<', close);
  }
  return undefined;
}
