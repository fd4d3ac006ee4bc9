import type { ASN1Obj, X509Certificate } from '@sigstore/core';
import type { TrustMaterial } from '@sigstore/verify';

/**
 * Keeps the encoding of the trusted certificates. The library compares whole chains by their encoding, about forty
 * times for one signature, and would encode them each time.
 */
export function encodedOnce(material: TrustMaterial): TrustMaterial {
  for (const { certChain } of [...material.certificateAuthorities, ...material.timestampAuthorities])
    for (const { root } of certChain) keepDer(root);
  return material;
}

/**
 * Keeps the encoding of a certificate that is about to be verified and of what is signed in it, once it is asked for: that
 * is ten times for one signature. No other part is kept, since an untrusted certificate may be nested deeply.
 */
export function encodedWhenAsked({ root, tbsCertificate }: X509Certificate): void {
  for (const object of [tbsCertificate, root]) {
    const encode = object.toDER.bind(object);
    let der: ReturnType<typeof encode> | undefined;
    object.toDER = () => (der ??= encode());
  }
}

function keepDer(object: ASN1Obj): void {
  object.subs.forEach(keepDer);
  const der = object.toDER();
  object.toDER = () => der;
}
