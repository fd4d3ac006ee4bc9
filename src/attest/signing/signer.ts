import type { Digest } from '../../image/digest.ts';
import { isDigest } from '../../image/digest.ts';
import { makeBundle, type Bundler } from './bundle.ts';
import { legacySignature, parsePayload } from '../formats/cosign-layer.ts';
import { checkOwn } from '../identity/same-identity.ts';
import type { Patience } from './retry.ts';
import { certificatesIn } from '../formats/pem.ts';
import type { Identity, Signer, Verifier } from '../roles.ts';
import { parseStatement } from '../formats/statement.ts';

export type SignerOptions = {
  readonly identity: Identity;
  readonly bundler: Bundler;
  /** Judges our own signatures before anybody sees them. */
  readonly verifier: Verifier;
  readonly patience: Patience;
};

/** Signs with one key or certificate for all, each signature tried until the log has it, and verified. */
export function signer({ identity, bundler, verifier, patience }: SignerOptions): Signer {
  return {
    identity,
    signStatement: (statement, signal) => {
      const digest = digestIn(statement);
      return patience(async () => {
        const { bundle } = await makeBundle(bundler, { kind: 'statement', bytes: statement }, signal);
        const { bundleToJSON } = await import('@sigstore/bundle');
        const bytes = Buffer.from(JSON.stringify(bundleToJSON(bundle)));
        checkOwn(`our signature of ${digest}`, verifier.bundle(bytes, digest), identity);
        return bytes;
      }, signal);
    },
    signPayload: (payload, signal) => {
      const claim = parsePayload(payload);
      if (claim === undefined || !isDigest(claim.digest)) throw new Error('not the payload of an image signature');
      const { digest } = claim;
      return patience(async () => {
        const { bundle, key } = await makeBundle(bundler, { kind: 'payload', bytes: payload }, signal);
        const chain = key.chain.flatMap((pem) => certificatesIn(pem));
        const signature = legacySignature(payload, bundle, chain);
        checkOwn(`our signature of ${digest}`, verifier.legacy(signature, digest), identity);
        return signature;
      }, signal);
    },
  };
}

/** Of which digest a statement of ours is. */
function digestIn(bytes: Uint8Array): Digest {
  const [subject] = parseStatement(bytes)?.subject ?? [];
  const digest = Object.entries(subject?.digest ?? {})[0]?.join(':') ?? '';
  if (!isDigest(digest)) throw new Error('not a statement about a digest');
  return digest;
}
