import { isDigest, type Digest } from '../../image/digest.ts';
import { makeBundle, type Bundler } from './bundle.ts';
import { legacySignature, parsePayload } from '../formats/cosign-layer.ts';
import { checkOwn } from '../identity/same-identity.ts';
import type { Patience } from './retry.ts';
import { certificatesIn } from '../formats/pem.ts';
import type { Identity, Signer, Verifier } from '../roles.ts';
import { parseStatement } from '../formats/statement.ts';

type SignerOptions = {
  readonly identity: Identity;
  readonly bundler: Bundler;
  /** Verifies our own signatures before they are used. */
  readonly verifier: Verifier;
  readonly patience: Patience;
};

/**
 * Creates a signer with one shared key or certificate. Each signature is retried until the log accepts it, and then
 * verified.
 */
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

/** Returns the digest of the statement's subject. */
function digestIn(bytes: Uint8Array): Digest {
  const [subject] = parseStatement(bytes)?.subject ?? [];
  const digest = Object.entries(subject?.digest ?? {})[0]?.join(':') ?? '';
  if (!isDigest(digest)) throw new Error('not a statement about a digest');
  return digest;
}
