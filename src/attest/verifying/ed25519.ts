import { verify as verifyBytes } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { SignedEntity } from '@sigstore/verify';

/**
 * Returns signed content that is verified without a separate hash, as Ed25519 requires and the library does not
 * support.
 */
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
