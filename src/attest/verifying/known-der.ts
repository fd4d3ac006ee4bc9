import type { ASN1Obj } from '@sigstore/core';
import type { TrustMaterial } from '@sigstore/verify';

/**
 * Has the certificates that are trusted encoded once: the library compares whole chains by their encoding, and encodes anew
 * for each of some forty comparisons that one signature takes.
 */
export function encodedOnce(material: TrustMaterial): TrustMaterial {
  for (const { certChain } of [...material.certificateAuthorities, ...material.timestampAuthorities])
    for (const { root } of certChain) keepDer(root);
  return material;
}

function keepDer(object: ASN1Obj): void {
  object.subs.forEach(keepDer);
  const der = object.toDER();
  object.toDER = () => der;
}
