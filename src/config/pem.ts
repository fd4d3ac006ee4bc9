import { createPrivateKey, X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN [A-Z0-9 ]+-----[^-]*-----END [A-Z0-9 ]+-----/g;

/** Why this is no text of PEM certificates, as half a sentence; undefined when it is one. */
export function certificateProblem(text: string): string | undefined {
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) return 'holds no certificate in PEM form';
  return blocks.every(isCertificate) ? undefined : 'holds something that is no certificate';
}

/** Why this is no private key in PEM, or not that of the certificate, as half a sentence; undefined when it is. */
export function keyProblem(text: string, certificate: string | undefined): string | undefined {
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text))
    return 'is encrypted; keep it decrypted in a file that only this job may read';
  try {
    const key = createPrivateKey(text);
    if (!certificate || new X509Certificate(certificate).checkPrivateKey(key)) return undefined;
  } catch {
    // OpenSSL's words name its internals, and may quote the file.
    return 'holds no private key in PEM form';
  }
  return 'is the key of another certificate';
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).raw.length > 0;
  } catch {
    return false;
  }
}
