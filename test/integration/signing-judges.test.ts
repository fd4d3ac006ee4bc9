import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { publicHalf } from '../../src/attest/identity/signing-key.ts';
import { SIGNATURE } from '../../src/attest/formats/statement.ts';
import { realClock } from '../../src/clock.ts';
import { homeWith } from '../support/home.ts';
import { rejection } from '../support/http-request.ts';
import { orSkip, requireProgram, type Skippable } from '../support/programs.ts';
import { digestNumber, signedNumber, signingIn, signingWorld, statementNumber } from '../support/signing.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';
import { startRealSigstore, type RealSigstore } from '../support/sigstore/real.ts';

const run = promisify(execFile);
const forever = new AbortController().signal;
const IDENTITY = [`--certificate-identity=${SIGNER.subject}`, `--certificate-oidc-issuer=${SIGNER.issuer}`];

/** What cosign says of our bundle of the digest with that number; throws what it refuses. */
async function judged(test: Skippable, bundle: Uint8Array, flags: readonly string[], number = 1): Promise<string> {
  const cosign = await orSkip(test, () => requireProgram('cosign'));
  const home = await homeWith({});
  const path = join(home, 'bundle.json');
  await writeFile(path, bundle);
  const digest = digestNumber(number).replace('sha256:', '');
  const about = [`--digest=${digest}`, '--digestAlg=sha256', `--type=${SIGNATURE}`];
  const { stderr } = await run(cosign, ['verify-blob-attestation', `--bundle=${path}`, ...about, ...flags], {
    env: { HOME: home, TUF_ROOT: join(home, 'tuf'), HTTPS_PROXY: 'http://127.0.0.1:9' },
  });
  return stderr;
}

describe('what kpromo signs, judged by cosign', () => {
  it('is good with an entry in Rekor v1, and for nobody and nothing else', async (test) => {
    const world = await signingWorld();
    const bundle = await signedNumber(await signingIn(world));
    const root = `--trusted-root=${world.sigstore.trustedRootFile}`;
    const flags = [root, ...IDENTITY];
    expect(await judged(test, bundle, flags)).toContain('Verified OK');
    expect(String(await rejection(judged(test, bundle, flags, 2)))).toMatch(/digest/);
    const others = [root, '--certificate-identity=a@b.c', `--certificate-oidc-issuer=${SIGNER.issuer}`];
    expect(String(await rejection(judged(test, bundle, others)))).toMatch(/SAN|identit/i);
  });

  it('is good with an entry in Rekor v2', async (test) => {
    const world = await signingWorld({ rekorVersions: [2] });
    const bundle = await signedNumber(await signingIn(world));
    const flags = [`--trusted-root=${world.sigstore.trustedRootFile}`, ...IDENTITY, '--use-signed-timestamps'];
    expect(await judged(test, bundle, flags)).toContain('Verified OK');
  });

  it.for<readonly [string, () => KeyObject]>([
    ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['Ed25519', () => generateKeyPairSync('ed25519').privateKey],
  ])('is good with a %s key, in a log and without', async ([, generate], test) => {
    const world = await signingWorld();
    const key = generate();
    const home = await homeWith({
      'my.key': key.export({ type: 'pkcs8', format: 'pem' }),
      'my.pub': publicHalf(key).export({ type: 'spki', format: 'pem' }),
    });
    const flags = [`--key=${join(home, 'my.pub')}`, `--trusted-root=${world.sigstore.trustedRootFile}`];
    const logged = await signedNumber(await signingIn(world, { key: join(home, 'my.key') }));
    expect(await judged(test, logged, flags)).toContain('Verified OK');
    const unlogged = await signedNumber(await signingIn(world, { key: join(home, 'my.key'), tlogUpload: false }));
    expect(await judged(test, unlogged, [...flags, '--insecure-ignore-tlog'])).toContain('Verified OK');
  });

  it('is good with a key that cosign made', async (test) => {
    const cosign = await orSkip(test, () => requireProgram('cosign'));
    const world = await signingWorld();
    const home = await homeWith({});
    const env = { HOME: home, COSIGN_PASSWORD: 'secret' };
    await run(cosign, ['generate-key-pair'], { cwd: home, env });
    const bundle = await signedNumber(await signingIn(world, { key: join(home, 'cosign.key'), env }));
    const flags = [`--key=${join(home, 'cosign.pub')}`, `--trusted-root=${world.sigstore.trustedRootFile}`];
    expect(await judged(test, bundle, flags)).toContain('Verified OK');
  });
});

describe('signing with the real Fulcio, Rekor v2 and timestamp authority', () => {
  let started: Promise<RealSigstore> | undefined;
  // One for the file: only one can run on a machine.
  const real = (test: Skippable): Promise<RealSigstore> => orSkip(test, () => (started ??= startRealSigstore()));
  afterAll(async () => (await started?.catch(() => undefined))?.stop());

  it('signs many at once with one certificate, and cosign accepts them', async (test) => {
    const sigstore = await real(test);
    const signing = await signingIn({ sigstore, clock: realClock() }, { concurrency: 64 });
    const [own, verifier] = [await signing.signer(forever), await signing.verifier(forever)];
    const numbers = Array.from({ length: 20 }, (_, number) => number);
    const bundles = await Promise.all(numbers.map((number) => own.signStatement(statementNumber(number), forever)));
    const verdicts = bundles.map((bundle, number) => verifier.bundle(bundle, digestNumber(number)));
    expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set(['verified']));
    const certificates = bundles.map((bundle) => /"certificate":\{[^}]*\}/.exec(Buffer.from(bundle).toString())?.[0]);
    expect(new Set(certificates).size).toBe(1);
    const flags = [`--trusted-root=${sigstore.trustedRootFile}`, ...IDENTITY, '--use-signed-timestamps'];
    expect(await judged(test, bundles[7] ?? Buffer.alloc(0), flags, 7)).toContain('Verified OK');
  });

  it('signs as a workflow of GitHub', async (test) => {
    const sigstore = await real(test);
    const signing = await signingIn({ sigstore, clock: realClock() }, { env: sigstore.oidc.env });
    const bundle = await signedNumber(signing);
    expect((await signing.verifier(forever)).bundle(bundle, digestNumber(1))).toMatchObject({
      status: 'verified',
      identity: { issuer: sigstore.issuers.workflow },
    });
  });

  it('sends a refused token to Fulcio only once', async (test) => {
    const sigstore = await real(test);
    const [header, body] = sigstore.token().split('.');
    const env = { SIGSTORE_ID_TOKEN: `${header}.${body}.${randomBytes(64).toString('base64url')}` };
    const signing = await signingIn({ sigstore, clock: realClock() }, { env });
    expect(await rejection(signedNumber(signing))).toMatchObject({
      code: 'SIGNING_SERVICE',
      message: expect.stringContaining('responded with 400'),
    });
  });
});
