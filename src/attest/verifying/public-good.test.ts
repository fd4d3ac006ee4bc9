import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };
import { beforeEach, describe, expect, it } from 'vitest';
import { digestOf, type Digest } from '../../image/digest.ts';
import { LEGACY } from '../formats/cosign-layer.ts';
import type { LegacySignature, Verifier } from '../roles.ts';
import { openVerifier } from './verify.ts';

const FOLDER = process.env['PUBLIC_GOOD_FIXTURES'] ?? join(import.meta.dirname, '../../../shared/fixtures/public-good');
const read = (name: string): Buffer => readFileSync(join(FOLDER, name));

const seed = seeds['https://tuf-repo-cdn.sigstore.dev'].targets['trusted_root.json'];
const root: unknown = JSON.parse(Buffer.from(seed, 'base64').toString());

const ATTESTED: Digest = 'sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4';
const SIGNED: Digest = 'sha256:c05263d2ff654c3a94243662440913f045075d59c436e2c69e9145ec2b87a321';
const OTHER: Digest = `sha256:${'0'.repeat(64)}`;

function legacySignature(): LegacySignature {
  const manifest = JSON.parse(read('legacy-signature.manifest.json').toString()) as {
    readonly layers: readonly [{ readonly digest: string; readonly annotations: Record<string, string> }];
  };
  const payload = read('legacy-signature.payload.json');
  const [{ digest, annotations }] = manifest.layers;
  // A newline that an editor added would make it another layer.
  expect(digestOf(payload)).toBe(digest);
  return { payload, annotations };
}

type Change = (text: string) => string;

/** The attestation with the text at one place of it changed. */
function changed(path: readonly string[], change: Change): Buffer {
  const bundle = JSON.parse(read('attestation.bundle.json').toString()) as Record<string, unknown>;
  const last = path.at(-1) ?? '';
  const parent = path.slice(0, -1).reduce((node, key) => node[key] as Record<string, unknown>, bundle);
  expect(parent[last]).toBeTypeOf('string');
  parent[last] = change(String(parent[last]));
  return Buffer.from(JSON.stringify(bundle));
}

const opened = (): Promise<Verifier> => openVerifier({ trustedRoot: root });

describe('src/attest/verifying/verify.ts with what the real cosign made', () => {
  beforeEach(({ skip }) => {
    if (!existsSync(FOLDER)) skip('the signatures of the public Sigstore are not here: set PUBLIC_GOOD_FIXTURES');
  });

  it('verifies a v0.3 bundle offline', async () => {
    expect((await opened()).bundle(read('attestation.bundle.json'), ATTESTED)).toMatchObject({
      status: 'verified',
      identity: { kind: 'keyless', subject: 'cody@soyland.com', issuer: 'https://github.com/login/oauth' },
      predicateType: 'https://cosign.sigstore.dev/attestation/v1',
      statement: { subject: [{ name: '127.0.0.1:60943/repo' }] },
    });
  });

  it('verifies a .sig layer offline', async () => {
    expect((await opened()).legacy(legacySignature(), SIGNED)).toEqual({
      status: 'verified',
      identity: {
        kind: 'keyless',
        issuer: 'https://token.actions.githubusercontent.com',
        subject:
          'https://github.com/salrashid123/go-bazel-github-workflow/.github/workflows/release.yaml@refs/tags/v0.0.30',
      },
      certified: {
        source: 'https://github.com/salrashid123/go-bazel-github-workflow',
        commit: '7624bd5f279fb5d4700ea72c1b2373ee33960700',
        ref: 'refs/tags/v0.0.30',
        config:
          'https://github.com/salrashid123/go-bazel-github-workflow/.github/workflows/release.yaml@refs/tags/v0.0.30',
      },
      reference: 'index.docker.io/salrashid123/server_image',
    });
  });

  it('fails a signature of another digest', async () => {
    const verifier = await opened();
    expect(verifier.bundle(read('attestation.bundle.json'), OTHER)).toMatchObject({ status: 'failed' });
    expect(verifier.legacy(legacySignature(), OTHER)).toMatchObject({ status: 'failed' });
  });

  it.each<[string, Change]>([
    ['dsseEnvelope payload', (text) => recoded(text, 'foo', 'fox')],
    ['dsseEnvelope signatures 0 sig', flipped],
    ['verificationMaterial certificate rawBytes', flipped],
    ['verificationMaterial tlogEntries 0 integratedTime', () => '1740000000'],
    ['verificationMaterial tlogEntries 0 logIndex', () => '7'],
    ['verificationMaterial tlogEntries 0 inclusionPromise signedEntryTimestamp', flipped],
    ['verificationMaterial tlogEntries 0 inclusionProof hashes 0', flipped],
    ['verificationMaterial tlogEntries 0 inclusionProof checkpoint envelope', (text) => text.replace('\n', '1\n')],
    ['verificationMaterial tlogEntries 0 canonicalizedBody', (text) => recoded(text, '0.0.1', '0.0.2')],
  ])('fails a bundle with a changed %s', async (path, change) => {
    const verdict = (await opened()).bundle(changed(path.split(' '), change), ATTESTED);
    expect(verdict).toMatchObject({ status: 'failed', reason: expect.any(String) });
  });

  it.each([
    // the log tells of another signature
    [LEGACY.signature, 'failed', 'signature mismatch (TLOG_BODY_ERROR)'],
    // what names no certificate was made with some key
    [LEGACY.certificate, 'unverifiable', 'it was signed with an unknown key'],
    [LEGACY.log, 'unverifiable', 'it has no entry of a transparency log'],
  ])('does not verify a .sig layer without its %s', async (name, status, reason) => {
    const { payload, annotations } = legacySignature();
    const { [name]: _gone, ...rest } = annotations;
    expect((await opened()).legacy({ payload, annotations: rest }, SIGNED)).toMatchObject({ status, reason });
  });

  it('cannot verify a certificate of another authority', async () => {
    const verifier = await openVerifier({ trustedRoot: { ...(root as object), certificateAuthorities: [] } });
    expect(verifier.bundle(read('attestation.bundle.json'), ATTESTED)).toMatchObject({ status: 'unverifiable' });
    expect(verifier.legacy(legacySignature(), SIGNED)).toMatchObject({ status: 'unverifiable' });
  });

  it('cannot verify an entry of another log', async () => {
    const verifier = await openVerifier({ trustedRoot: { ...(root as object), tlogs: [] } });
    expect(verifier.bundle(read('attestation.bundle.json'), ATTESTED)).toMatchObject({ status: 'unverifiable' });
  });

  it('cannot verify a certificate of an unknown transparency log', async () => {
    const verifier = await openVerifier({ trustedRoot: { ...(root as object), ctlogs: [] } });
    expect(verifier.bundle(read('attestation.bundle.json'), ATTESTED)).toMatchObject({
      status: 'unverifiable',
      reason: 'its certificate is in an unknown certificate transparency log',
    });
  });

  it('never throws for any input', async () => {
    const verifier = await opened();
    for (const junk of ['', '{}', 'null', '[]', '{"mediaType":"x"}', '['.repeat(100_000)]) {
      const bytes = Buffer.from(junk);
      expect(verifier.bundle(bytes, SIGNED).status).toBe('unverifiable');
      expect(verifier.legacy({ payload: bytes, annotations: {} }, SIGNED).status).toBe('unverifiable');
      expect(verifier.legacyAttestation(bytes, {}, SIGNED).status).toBe('unverifiable');
    }
  });
});

describe('src/attest/verifying/verify.ts', () => {
  it('rejects an invalid trusted root', async () => {
    await expect(openVerifier({ trustedRoot: { tlogs: [{}] } })).rejects.toMatchObject({ code: 'TRUST_ROOT' });
  });
});

function recoded(base64: string, from: string, to: string): string {
  return Buffer.from(Buffer.from(base64, 'base64').toString().replace(from, to)).toString('base64');
}

function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  return bytes.toString('base64');
}
