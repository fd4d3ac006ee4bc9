import { verify as verifyBytes } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { SignedEntity } from '@sigstore/verify';

/** Signed content whose signature is checked without a hash of its own, as Ed25519 wants it and the library does not do it. */
export function ed25519Content(
  content: SignedEntity['signature'],
  bundle: Bundle,
  artifact: Buffer,
): SignedEntity['signature'] {
  const signature =
    bundle.content.$case === 'messageSignature' ? bundle.content.messageSignature.signature : Buffer.alloc(0);
  return {
    signature,
    compareSignature: (other) => content.compareSignature(other),
    compareDigest: (digest) => content.compareDigest(digest),
    compareSignedDigest: (digest) => content.compareSignedDigest(digest),
    verifySignature: (key) => verifyBytes(null, artifact, key, signature),
  };
}
