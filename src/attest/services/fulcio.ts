import { generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Fetch } from '../../http/fetch.ts';
import { askService, endpoint, malformed } from './call.ts';
import { challengeOf, type IdentityToken } from '../identity/token.ts';

/** A key pair and its certificate in PEM; `chain` from its issuer to the root. */
export type Certified = {
  readonly privateKey: KeyObject;
  readonly certificate: string;
  readonly chain: readonly string[];
};

const Chain = z.object({ chain: z.object({ certificates: z.array(z.string()).min(1) }) });
// https://github.com/sigstore/fulcio/blob/v1.8.8/fulcio.proto
const Answer = z.union([
  z.object({ signedCertificateEmbeddedSct: Chain }).transform((answer) => answer.signedCertificateEmbeddedSct),
  z.object({ signedCertificateDetachedSct: Chain }).transform((answer) => answer.signedCertificateDetachedSct),
]);

/** Requests a certificate from Fulcio for a new key, under the identity of the token. */
export async function certify(
  { fetch, fulcio }: { readonly fetch: Fetch; readonly fulcio: URL },
  { raw, claims }: IdentityToken,
  signal: AbortSignal,
): Promise<Certified> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const proof = sign('sha256', Buffer.from(challengeOf(claims)), privateKey);
  const request = {
    service: 'Fulcio',
    purpose: 'getting a certificate to sign with',
    url: endpoint(fulcio, '/api/v2/signingCert'),
  } as const;
  const { bytes } = await askService(fetch, {
    ...request,
    type: 'application/json',
    body: Buffer.from(
      JSON.stringify({
        credentials: { oidcIdentityToken: raw },
        publicKeyRequest: {
          publicKey: { algorithm: 'ECDSA', content: publicKey.export({ type: 'spki', format: 'pem' }) },
          proofOfPossession: proof.toString('base64'),
        },
      }),
    ),
    // the mock of @sigstore returns 201
    expected: [200, 201],
    signal,
  });
  try {
    const [certificate = '', ...chain] = Answer.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))).chain
      .certificates;
    if (!new X509Certificate(certificate).checkPrivateKey(privateKey))
      throw new Error('the certificate is for another key');
    return { privateKey, certificate, chain };
  } catch (error) {
    throw malformed(request, error);
  }
}
