import { createPrivateKey, X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN [A-Z0-9 ]+-----[^-]*-----END [A-Z0-9 ]+-----/g;

/** Returns why a text is not a list of PEM certificates, as a predicate; undefined if it is one. */
export function certificateProblem(text: string): string | undefined {
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) return 'contains no certificate in PEM form';
  return blocks.every(isCertificate) ? undefined : 'contains an invalid certificate';
}

/** Returns why a text is not the private key of the certificate in PEM, as a predicate; undefined if it is. */
export function keyProblem(text: string, certificate: string | undefined): string | undefined {
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text))
    return 'is encrypted; keep it decrypted in a file that only this job may read';
  try {
    const key = createPrivateKey(text);
    if (!certificate || new X509Certificate(certificate).checkPrivateKey(key)) return undefined;
  } catch {
    // OpenSSL's messages name its internals, and may quote the file
    return 'contains no private key in PEM form';
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
