import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import { expect, it, type TestContext } from 'vitest';
import { signerOf, signForeign } from './foreign-signer.ts';
import { SIGNER, WORKFLOW, type Claims } from './oidc.ts';
import type { Sigstore } from './stack.ts';

/** A Sigstore, and the issuers that it names where they are not those of the world. */
type SigstoreSubject = { readonly sigstore: Sigstore; readonly issuers: { readonly workflow: string } };

/** What every Sigstore of tests does; `subject` is asked in each test. */
export function sigstoreContract(subject: (test: TestContext) => Promise<SigstoreSubject>): void {
  it('certifies and logs what a verifier that trusts it accepts', async (test) => {
    const { sigstore } = await subject(test);
    expect(signerOf(sigstore, await signed(sigstore, sigstore.token()))).toEqual(SIGNER);
  });

  it('certifies another account when the token is of one', async (test) => {
    const { sigstore } = await subject(test);
    const token = sigstore.token({ email: 'other@example.com' });
    expect(signerOf(sigstore, await signed(sigstore, token))).toMatchObject({ subject: 'other@example.com' });
  });

  it('gives a job of GitHub Actions its token, and certifies its workflow', async (test) => {
    const { sigstore, issuers } = await subject(test);
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = sigstore.oidc.env;
    const ask = (bearer: string): Promise<Response> =>
      fetch(`${url}&audience=sigstore`, { headers: { authorization: `bearer ${bearer}` } });
    const { value } = (await (await ask(secret ?? '')).json()) as { readonly value: string };
    const expected = { subject: WORKFLOW.subject, issuer: issuers.workflow };
    expect(signerOf(sigstore, await signed(sigstore, value))).toEqual(expected);
    expect((await ask('of another job')).status).toBe(401);
  });

  it('is not believed when the statement was changed', async (test) => {
    const { sigstore } = await subject(test);
    const bundle = await signed(sigstore, sigstore.token());
    const { dsseEnvelope: envelope } = bundle.content as Extract<Bundle['content'], { $case: 'dsseEnvelope' }>;
    envelope.payload = Buffer.from('{}');
    expect(() => signerOf(sigstore, bundle)).toThrow(expect.objectContaining({ code: 'TLOG_BODY_ERROR' }));
  });

  it.for<readonly [string, Claims]>([
    ['expired', { exp: 1_700_000_000 }],
    ['is for another audience', { aud: 'somebody' }],
    ['names an address that is not verified', { email_verified: false }],
  ])('answers in one way to a token that %s', async ([, claims], test) => {
    const { sigstore } = await subject(test);
    const answer = await post(
      `${sigstore.fulcioUrl}/api/v2/signingCert`,
      asking(sigstore.token(claims), SIGNER.subject),
    );
    expect(answer).toEqual([400, BAD_TOKEN]);
  });

  it('answers in the same way to a token of somebody else', async (test) => {
    const { sigstore } = await subject(test);
    const [header, body] = sigstore.token().split('.');
    const forged = `${header}.${body}.${randomBytes(64).toString('base64url')}`;
    const answer = await post(`${sigstore.fulcioUrl}/api/v2/signingCert`, asking(forged, SIGNER.subject));
    expect(answer).toEqual([400, BAD_TOKEN]);
  });

  it('certifies no key whose owner did not sign the name', async (test) => {
    const { sigstore } = await subject(test);
    const answer = await post(`${sigstore.fulcioUrl}/api/v2/signingCert`, asking(sigstore.token(), 'another'));
    expect(answer).toEqual([400, expect.objectContaining({ code: 3, message: BAD_PROOF })]);
  });

  it('logs nothing twice, and no envelope', async (test) => {
    const { sigstore } = await subject(test);
    const url = `${sigstore.rekor2Url}/api/v2/log/entries`;
    const entry = hashedRekord(randomBytes(32));
    expect(await post(url, entry)).toEqual([
      201,
      expect.objectContaining({ integratedTime: '0', inclusionPromise: null }),
    ]);
    expect(await post(url, entry)).toEqual([409, expect.objectContaining({ code: 6 })]);
    expect(await post(url, { dsseRequestV002: {} })).toEqual([400, expect.objectContaining({ code: 3 })]);
  });

  it.for<readonly [string, Partial<Verified>]>([
    ['a key that is not of the kind it says', { keyDetails: 'PKIX_ECDSA_P384_SHA_384' }],
    ['a key of no kind', { keyDetails: undefined }],
    ['what is no signature', { content: 'AAAA' }],
    ['a digest of another length', { digest: randomBytes(20).toString('base64') }],
    ['no digest', { digest: undefined }],
  ])('does not log %s', async ([, change], test) => {
    const { sigstore } = await subject(test);
    const answer = await post(`${sigstore.rekor2Url}/api/v2/log/entries`, hashedRekord(randomBytes(32), change));
    expect(answer).toEqual([400, expect.objectContaining({ code: 3, message: 'invalid hashedrekord request' })]);
  });

  it('stamps what it is asked to in DER, and refuses other types', async (test) => {
    const { sigstore } = await subject(test);
    // TimeStampReq of version 1 over 32 bytes that are a SHA-256
    const request = Buffer.concat([Buffer.from(STAMP_REQUEST, 'hex'), randomBytes(32)]);
    const ask = (type: string): Promise<Response> =>
      fetch(sigstore.timestampUrl, { method: 'POST', headers: { 'content-type': type }, body: request });
    const answer = await ask('application/timestamp-query');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/timestamp-reply');
    expect((await ask('text/plain')).status).toBe(415);
  });
}

const BAD_TOKEN = expect.objectContaining({ code: 3, message: 'There was an error processing the identity token' });
const BAD_PROOF = 'The signature supplied in the request could not be verified';
const STAMP_REQUEST = '30360201013031300d060960864801650304020105000420';
const STATEMENT = '{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://example.com/made-up"}';

function signed(sigstore: Sigstore, token: string): Promise<Bundle> {
  return signForeign(sigstore, { statement: STATEMENT, token, witnesses: ['rekor2', 'timestamp'] });
}

function asking(token: string, name: string): object {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    credentials: { oidcIdentityToken: token },
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: publicKey.export({ type: 'spki', format: 'pem' }) },
      proofOfPossession: sign('sha256', Buffer.from(name), privateKey).toString('base64'),
    },
  };
}

type Verified = { readonly digest: unknown; readonly content: unknown; readonly keyDetails: unknown };

function hashedRekord(data: Buffer, change: Partial<Verified> = {}): object {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rawBytes = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const { digest, content, keyDetails } = {
    digest: createHash('sha256').update(data).digest('base64'),
    content: sign('sha256', data, privateKey).toString('base64'),
    keyDetails: 'PKIX_ECDSA_P256_SHA_256',
    ...change,
  };
  const verifier = { publicKey: { rawBytes }, keyDetails };
  return { hashedRekordRequestV002: { digest, signature: { content, verifier } } };
}

async function post(url: string, body: object): Promise<readonly [number, unknown]> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return [answer.status, await answer.json()];
}
