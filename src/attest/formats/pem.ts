/** Returns the DER certificates of a PEM text, in order. */
export function certificatesIn(pem: string): readonly Buffer[] {
  return blocksIn(pem, 'CERTIFICATE');
}

/** Encodes a certificate or other DER data as PEM with lines of 64 characters, as Go does. */
export function pemOf(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** Returns the contents of the PEM blocks with this label, in order. */
export function blocksIn(pem: string, label: string): readonly Buffer[] {
  const blocks = pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g);
  return [...blocks].flatMap(([, kind, text = '']) => (kind === label ? [Buffer.from(text, 'base64')] : []));
}
