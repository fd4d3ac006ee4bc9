/** Foreign text for XML 1.0, as text or inside a quoted attribute; what XML has no way to say becomes U+FFFD. */
export function xmlText(text: string): string {
  return (
    text
      .toWellFormed()
      // https://www.w3.org/TR/xml/#charsets
      .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
      .replaceAll(/[&<>"'\t\n\r\u0085\u2028]/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}
