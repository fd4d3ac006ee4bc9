import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { initTUF } from '@sigstore/tuf';
import { bundleToJSON, type Bundle } from '@sigstore/bundle';
import { dsse } from '@sigstore/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { signerOf, signForeign, type WitnessName } from './foreign-signer.ts';
import { startSigstore, type LocalSigstore, type SigstoreOptions } from './local.ts';
import { SIGNER, WORKFLOW, type Claims } from './oidc.ts';
import { sigstoreContract } from './sigstore.contract.ts';

async function sigstore(options: SigstoreOptions = {}): Promise<LocalSigstore> {
  const started = await startSigstore(options);
  onTestFinished(() => started.stop());
  return started;
}

let made = 0;
type Wanted = { readonly witnesses?: readonly WitnessName[]; readonly claims?: Claims };

function signed(local: LocalSigstore, { witnesses = ['rekor'], claims = {} }: Wanted = {}): Promise<Bundle> {
  made += 1;
  return signForeign(local, { statement: `{"made":${made}}`, token: local.token(claims), witnesses });
}

const statusOf = (cause: number): object =>
  expect.objectContaining({ cause: expect.objectContaining({ statusCode: cause }) });

function certificateOf({ verificationMaterial }: Bundle): X509Certificate {
  const { content } = verificationMaterial;
  if (content?.$case !== 'certificate') throw new Error('the bundle has no certificate');
  return new X509Certificate(content.certificate.rawBytes);
}

/** Resolves to `none` when so many requests came to Rekor and had some turns of the event loop. */
async function arrivals(local: LocalSigstore, count: number): Promise<'none'> {
  while (local.counts().rekor < count) await setImmediate();
  for (let turn = 0; turn < 50; turn += 1) await setImmediate();
  return 'none';
}

describe('test/support/sigstore/local.ts', () => {
  sigstoreContract(async () => ({ sigstore: await sigstore(), issuers: { workflow: WORKFLOW.issuer } }));

  it.each<readonly WitnessName[]>([['rekor'], ['rekor', 'timestamp'], ['rekor', 'rekor2', 'timestamp']])(
    'witnesses a signature by %s',
    async (...witnesses) => {
      const local = await sigstore();
      const bundle = await signed(local, { witnesses });
      expect(signerOf(local, bundle)).toEqual(SIGNER);
      expect(bundleToJSON(bundle).mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json');
      expect(local.counts()).toMatchObject({
        fulcio: 1,
        rekor: Number(witnesses.includes('rekor')),
        rekor2: Number(witnesses.includes('rekor2')),
        timestamp: Number(witnesses.includes('timestamp')),
      });
    },
  );

  it('certifies a subject without an e-mail address as a URI', async () => {
    const local = await sigstore();
    const claims = { iss: 'https://issuer.example.com', sub: 'https://example.com/robot' };
    const expected = { subject: claims.sub, issuer: claims.iss };
    expect(signerOf(local, await signed(local, { claims }))).toEqual(expected);
    expect(certificateOf(await signed(local, { claims })).subjectAltName).toBe(`URI:${claims.sub}`);
    expect(certificateOf(await signed(local)).subjectAltName).toBe(`email:${SIGNER.subject}`);
  });

  it('goes by the clock that it is given', async () => {
    let now = Date.UTC(2030, 0, 1);
    const local = await sigstore({ now: () => now });
    const bundle = await signed(local, { witnesses: ['rekor', 'timestamp'] });
    expect(signerOf(local, bundle)).toEqual(SIGNER);
    expect(certificateOf(bundle).validFromDate).toEqual(new Date(now));
    expect(certificateOf(bundle).validToDate).toEqual(new Date(now + 600_000));
    const token = local.token();
    now += 3_600_000;
    const late = signForeign(local, { statement: '{}', token, witnesses: ['rekor'] });
    await expect(late).rejects.toThrow(statusOf(400));
  });

  it('certifies for as long as it is told, and whom', async () => {
    const now = Date.UTC(2030, 0, 1);
    const local = await sigstore({ now: () => now });
    local.certificates.validity = 1000;
    local.certificates.account = { subject: 'wrong@example.com' };
    const bundle = await signed(local);
    expect(certificateOf(bundle).validToDate).toEqual(new Date(now + 1000));
    expect(signerOf(local, bundle)).toEqual({ ...SIGNER, subject: 'wrong@example.com' });
  });

  it('is trusted by nobody who trusts another one', async () => {
    const [one, other] = [await sigstore(), await sigstore()];
    const bundle = await signed(one);
    expect(() => signerOf(other, bundle)).toThrow(expect.objectContaining({ name: 'VerificationError' }));
  });

  it('serves its trusted root and its signing configuration as a TUF repository', async () => {
    const local = await sigstore({ rekorVersions: [2] });
    const cachePath = await mkdtemp(join(tmpdir(), 'kpromo-tuf-'));
    onTestFinished(() => rm(cachePath, { recursive: true, force: true }));
    const client = await initTUF({ mirrorURL: local.tuf.url, rootPath: local.tuf.rootFile, cachePath, retry: 0 });
    expect(JSON.parse(await client.getTarget('trusted_root.json'))).toEqual(local.trustedRoot);
    expect(JSON.parse(await client.getTarget('signing_config.v0.2.json'))).toMatchObject({
      rekorTlogUrls: [{ url: local.rekor2Url, majorApiVersion: 2 }],
    });
  });

  it('answers 409 with the address of the entry when the log has it', async () => {
    const local = await sigstore();
    const entry = JSON.stringify({
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: { data: { hash: { value: 'ab' } } },
    });
    const add = (): Promise<Response> => fetch(`${local.rekorUrl}/api/v1/log/entries`, { method: 'POST', body: entry });
    const first = await add();
    const uuid = first.headers.get('etag') ?? 'none';
    const logged: unknown = await first.json();
    const again = await add();
    expect([first.status, again.status]).toEqual([201, 409]);
    expect(again.headers.get('location')).toBe(`/api/v1/log/entries/${uuid}`);
    expect(await (await fetch(`${local.rekorUrl}/api/v1/log/entries/${uuid}`)).json()).toEqual(logged);
    expect(local.logged.rekor).toEqual([{ kind: 'hashedrekord', digest: 'ab' }]);
  });

  it('logs no envelope that another key has signed', async () => {
    const local = await sigstore();
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = String(publicKey.export({ type: 'spki', format: 'pem' }));
    const add = async (text: string): Promise<number> => {
      const sig = sign('sha256', dsse.preAuthEncoding('text/plain', Buffer.from(text)), privateKey).toString('base64');
      const payload = Buffer.from('logged').toString('base64');
      const envelope = JSON.stringify({ payloadType: 'text/plain', payload, signatures: [{ sig }] });
      const proposedContent = { envelope, verifiers: [Buffer.from(pem).toString('base64')] };
      const body = JSON.stringify({ apiVersion: '0.0.1', kind: 'dsse', spec: { proposedContent } });
      return (await fetch(`${local.rekorUrl}/api/v1/log/entries`, { method: 'POST', body })).status;
    };
    expect([await add('logged'), await add('another')]).toEqual([201, 400]);
    expect(local.logged.rekor).toHaveLength(1);
  });

  it('fails as often as it is told, and then works', async () => {
    const local = await sigstore();
    local.inject('fulcio', { kind: 'status', status: 429, headers: { 'retry-after': '7' }, times: 2 });
    await expect(signed(local)).rejects.toThrow(statusOf(429));
    const answer = await fetch(`${local.fulcioUrl}/api/v2/signingCert`, { method: 'POST' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7']);
    expect(signerOf(local, await signed(local))).toEqual(SIGNER);
    expect(local.counts().fulcio).toBe(3);
  });

  it('fails until it is told not to', async () => {
    const local = await sigstore();
    const withdraw = local.inject('timestamp', { kind: 'reset' });
    const witnesses = ['rekor', 'timestamp'] as const;
    await expect(signed(local, { witnesses })).rejects.toThrow('error creating timestamp');
    withdraw();
    expect(signerOf(local, await signed(local, { witnesses }))).toEqual(SIGNER);
  });

  it('logs an entry whose answer gets lost', async () => {
    const local = await sigstore();
    local.inject('rekor', { kind: 'lost', times: 1 });
    await expect(signed(local)).rejects.toThrow('error creating tlog entry');
    expect(local.logged.rekor).toHaveLength(1);
  });

  it('answers nothing while it is silent, and late while it is slow', async () => {
    const local = await sigstore();
    const entry = { method: 'POST', body: '{"kind":"hashedrekord","spec":{}}' };
    local.inject('rekor', { kind: 'silent', times: 1 });
    const given = new AbortController();
    const unanswered = fetch(`${local.rekorUrl}/api/v1/log/entries`, { ...entry, signal: given.signal });
    expect(await Promise.race([unanswered, arrivals(local, 1)])).toBe('none');
    given.abort();
    await expect(unanswered).rejects.toThrow('aborted');
    let go = (): void => undefined;
    local.inject('rekor', { kind: 'slow', until: new Promise<void>((resolve) => (go = resolve)), times: 1 });
    const answer = fetch(`${local.rekorUrl}/api/v1/log/entries`, entry);
    expect(await Promise.race([answer, arrivals(local, 2)])).toBe('none');
    go();
    expect((await answer).status).toBe(201);
    expect(local.logged.rekor).toHaveLength(1);
  });

  it('leaves no file and no port behind', async () => {
    const local = await startSigstore();
    const folder = dirname(local.trustedRootFile);
    expect(dirname(local.signingConfigFile)).toBe(folder);
    await access(local.tuf.rootFile);
    await local.stop();
    await expect(access(folder)).rejects.toThrow('ENOENT');
    await expect(fetch(local.fulcioUrl)).rejects.toThrow('fetch failed');
  });
});
