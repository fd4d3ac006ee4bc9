import { createPublicKey, verify } from 'node:crypto';
import { fulcioHandler, type CTLog } from '@sigstore/mock/dist/fulcio/index.js';
import type { Authorities } from './authorities.ts';
import { certify, type CertificateRequest } from './leaf-certificate.ts';
import type { Claims, Tokens } from './oidc.ts';
import { json, type Answer, type Asked, type Routes } from './service.ts';

/** What a test changes about the certificates to come. */
export type CertificateTerms = {
  /** Milliseconds that a certificate is valid; 10 minutes unless given, as Fulcio's. */
  validity?: number;
  /** Certifies this one instead of who asks. */
  account?: { readonly subject: string; readonly issuer?: string };
  /** Promises no log of certificates. */
  isUnlogged?: true;
};

/** A certificate authority that names who asks, and the log that its certificates are in. */
export type Fulcio = {
  readonly routes: Routes;
  readonly terms: CertificateTerms;
  /** From who signs certificates to the root, DER. */
  readonly chain: readonly Buffer[];
  readonly certificateLog: CTLog;
};

const MINUTE = 60_000;
const GITHUB = 'https://token.actions.githubusercontent.com';

/** A Fulcio by this clock that takes the tokens of `tokens`. */
export function fulcio(now: () => number, tokens: Tokens, { codeSigning, certificateLog }: Authorities): Fulcio {
  const { leaf: issuer, root } = codeSigning;
  Object.assign(certificateLog, { getCurrentTime: () => new Date(now()) });
  const terms: CertificateTerms = {};
  const issue = (request: CertificateRequest): Promise<Uint8Array<ArrayBuffer>> =>
    certify({
      request,
      issuer,
      certificateLog: terms.isUnlogged === true ? undefined : certificateLog,
      from: now(),
      validity: terms.validity ?? 10 * MINUTE,
    });
  const chain = [issuer, root].map(({ certificate }) => Buffer.from(certificate.rawData));
  const handler = fulcioHandler(
    { rootCertificate: Buffer.alloc(0), issueCertificate: issue },
    { subjectClaim: SUBJECT },
  );
  return {
    terms,
    chain,
    certificateLog,
    routes: {
      'POST /api/v2/signingCert': (asked) =>
        signingCertificate(asked, { tokens, terms, pem: chain.map(pem), handler: handler.fn }),
    },
  };
}

/** The claim under which the handler is told the name; no issuer uses it. */
const SUBJECT = 'certified subject';

type Context = {
  readonly tokens: Tokens;
  readonly terms: CertificateTerms;
  readonly pem: readonly string[];
  readonly handler: ReturnType<typeof fulcioHandler>['fn'];
};

type Asking = {
  readonly credentials?: { readonly oidcIdentityToken: string };
  readonly publicKeyRequest: { readonly publicKey: { readonly content: string }; readonly proofOfPossession: string };
};

async function signingCertificate({ request, body }: Asked, context: Context): Promise<Answer> {
  const asking = JSON.parse(body.toString('utf8')) as Asking;
  // Go clients send the token as a header.
  const token = asking.credentials?.oidcIdentityToken ?? (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const claims = context.tokens.read(token);
  // One answer to whatever is wrong with a token, as Fulcio gives it.
  if (claims === undefined) return refused('There was an error processing the identity token');
  if (!isProven(asking, claims)) return refused('The signature supplied in the request could not be verified');
  const { account } = context.terms;
  const certified = {
    ...claims,
    ...(account?.issuer !== undefined && { iss: account.issuer }),
    [SUBJECT]: account?.subject ?? subjectOf(claims),
  };
  const { statusCode, response } = await context.handler(
    JSON.stringify({ ...asking, credentials: { oidcIdentityToken: unsigned(certified) } }),
  );
  const text = typeof response === 'string' ? response : '';
  // The handler answers 201; Fulcio, and Go clients accept nothing else, 200.
  return statusCode === 201 ? json(200, withChain(text, context.pem)) : refused(text);
}

function refused(message: string): Answer {
  return json(400, { code: 3, message, details: [] });
}

function isProven({ publicKeyRequest }: Asking, { email, sub }: Claims): boolean {
  const { publicKey, proofOfPossession } = publicKeyRequest;
  try {
    const key = createPublicKey(publicKey.content);
    return verify('sha256', Buffer.from(String(email ?? sub)), key, Buffer.from(proofOfPossession, 'base64'));
  } catch {
    return false;
  }
}

function subjectOf({ iss, email, sub, job_workflow_ref: workflow }: Claims): unknown {
  if (iss === GITHUB && typeof workflow === 'string') return `https://github.com/${workflow}`;
  return email ?? sub;
}

function unsigned(claims: Claims): string {
  return ['{"alg":"none"}', JSON.stringify(claims), '']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
}

function withChain(text: string, pems: readonly string[]): unknown {
  const { signedCertificateEmbeddedSct: embedded } = JSON.parse(text) as {
    signedCertificateEmbeddedSct: { chain: { certificates: readonly string[] } };
  };
  const [leaf] = embedded.chain.certificates;
  return { signedCertificateEmbeddedSct: { chain: { certificates: [leaf, ...pems] } } };
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
