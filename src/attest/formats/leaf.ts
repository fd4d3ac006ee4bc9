import type { Bundle } from '@sigstore/bundle';

/** Returns the signer's certificate in DER, for any bundle version; undefined if a key signed. */
export function leafOf({
  verificationMaterial: { content },
}: Pick<Bundle, 'verificationMaterial'>): Buffer | undefined {
  if (content.$case === 'publicKey') return undefined;
  return content.$case === 'certificate'
    ? content.certificate.rawBytes
    : content.x509CertificateChain.certificates[0]?.rawBytes;
}
