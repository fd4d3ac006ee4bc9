/** DER certificates from PEM, in order. */
export function certificatesIn(pem: string): readonly Buffer[] {
  return blocksIn(pem, 'CERTIFICATE');
}

/** A certificate, or something else in DER, as PEM with lines of 64 characters, as Go writes it. */
export function pemOf(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The contents of the PEM blocks of that kind, in order. */
export function blocksIn(pem: string, label: string): readonly Buffer[] {
  const blocks = pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g);
  return [...blocks].flatMap(([, kind, text = '']) => (kind === label ? [Buffer.from(text, 'base64')] : []));
}
