import type { ASN1Obj } from '@sigstore/core';
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

function keepDer(object: ASN1Obj): void {
  object.subs.forEach(keepDer);
  const der = object.toDER();
  object.toDER = () => der;
}
