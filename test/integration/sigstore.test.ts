import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { bundleFromJSON, bundleToJSON, type Bundle } from '@sigstore/bundle';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { orSkip, requireProgram, type Skippable } from '../support/programs.ts';
import { signerOf, signForeign, type WitnessName } from '../support/sigstore/foreign-signer.ts';
import { startSigstore, type LocalSigstore } from '../support/sigstore/local.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';
import { startRealSigstore, type RealSigstore } from '../support/sigstore/real.ts';
import { sigstoreContract } from '../support/sigstore/sigstore.contract.ts';
import type { Sigstore } from '../support/sigstore/stack.ts';

const run = promisify(execFile);
const ARTIFACT = 'what is signed\n';
const PREDICATE_TYPE = 'https://example.com/made-up/v1';

/** A statement about the artifact. */
function statement(): string {
  const sha256 = createHash('sha256').update(ARTIFACT).digest('hex');
  const subject = [{ name: 'artifact', digest: { sha256 } }];
  const predicate = { id: randomUUID() };
  return JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: PREDICATE_TYPE,
    predicate,
  });
}

function signedBundle(
  sigstore: Sigstore,
  witnesses: readonly WitnessName[] = ['rekor2', 'timestamp'],
): Promise<Bundle> {
  return signForeign(sigstore, { statement: statement(), token: sigstore.token(), witnesses });
}

/** A folder with the artifact and a bundle for it. */
async function signedFiles(sigstore: Sigstore, witnesses: readonly WitnessName[]): Promise<Files> {
  const path = await mkdtemp(join(tmpdir(), 'kpromo-cosign-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  const files = { folder: path, artifact: join(path, 'artifact'), bundle: join(path, 'bundle.json') };
  const bundle = await signedBundle(sigstore, witnesses);
  await writeFile(files.artifact, ARTIFACT);
  await writeFile(files.bundle, JSON.stringify(bundleToJSON(bundle)));
  return files;
}

type Files = { readonly folder: string; readonly artifact: string; readonly bundle: string };
type Judged = { readonly files: Files; readonly sigstore: Sigstore; readonly flags?: readonly string[] };

/** Whether cosign believes the bundle. */
async function judge(cosign: string, { files, sigstore, flags = [] }: Judged): Promise<string> {
  const { stderr } = await run(
    cosign,
    [
      'verify-blob-attestation',
      `--bundle=${files.bundle}`,
      `--trusted-root=${sigstore.trustedRootFile}`,
      `--type=${PREDICATE_TYPE}`,
      `--certificate-identity=${SIGNER.subject}`,
      `--certificate-oidc-issuer=${SIGNER.issuer}`,
      ...flags,
      files.artifact,
    ],
    { env: apart(files) },
  );
  return stderr;
}

/** Has cosign sign the artifact; the bundle is written over the one that was there. */
async function signByCosign(cosign: string, { files, sigstore }: Judged): Promise<void> {
  const [predicate, token] = [join(files.folder, 'predicate.json'), join(files.folder, 'token')];
  await writeFile(predicate, '{}');
  await writeFile(token, sigstore.token());
  await run(
    cosign,
    [
      'attest-blob',
      '--yes',
      `--bundle=${files.bundle}`,
      `--trusted-root=${sigstore.trustedRootFile}`,
      `--signing-config=${sigstore.signingConfigFile}`,
      `--identity-token=${token}`,
      `--type=${PREDICATE_TYPE}`,
      `--predicate=${predicate}`,
      files.artifact,
    ],
    { env: apart(files) },
  );
}

/** Keeps cosign from the user's files, and from every host but this one: nobody listens on port 9. */
function apart({ folder }: Files): NodeJS.ProcessEnv {
  return { HOME: folder, TUF_ROOT: join(folder, 'tuf'), HTTPS_PROXY: 'http://127.0.0.1:9' };
}

function cosignAccepts(
  start: (test: Skippable) => Promise<Sigstore>,
  cases: readonly (readonly WitnessName[])[],
): void {
  const named = cases.map((witnesses) => [witnesses.join(' and '), witnesses] as const);
  it.for(named)('signs what cosign accepts, witnessed by %s', async ([, witnesses], test) => {
    const cosign = await orSkip(test, () => requireProgram('cosign'));
    const sigstore = await start(test);
    const files = await signedFiles(sigstore, witnesses);
    expect(await judge(cosign, { files, sigstore })).toContain('Verified OK');
  });

  it('serves cosign, which signs', async (test) => {
    const cosign = await orSkip(test, () => requireProgram('cosign'));
    const sigstore = await start(test);
    const files = await signedFiles(sigstore, ['rekor2', 'timestamp']);
    const ours = await readFile(files.bundle, 'utf8');
    await signByCosign(cosign, { files, sigstore });
    const theirs = await readFile(files.bundle, 'utf8');
    expect(theirs).not.toBe(ours);
    expect(signerOf(sigstore, bundleFromJSON(JSON.parse(theirs)))).toEqual(SIGNER);
    expect(await judge(cosign, { files, sigstore })).toContain('Verified OK');
  });

  it('signs nothing that cosign would accept in the name of another', async (test) => {
    const cosign = await orSkip(test, () => requireProgram('cosign'));
    const sigstore = await start(test);
    const files = await signedFiles(sigstore, ['rekor2', 'timestamp']);
    const flags = ['--certificate-identity=other@example.com'];
    await expect(judge(cosign, { files, sigstore, flags })).rejects.toThrow('expected SAN value');
  });
}

describe('test/support/sigstore/local.ts', () => {
  let local: LocalSigstore;
  beforeAll(async () => {
    local = await startSigstore();
  });
  afterAll(() => local.stop());

  cosignAccepts(() => Promise.resolve(local), [['rekor'], ['rekor', 'timestamp'], ['rekor2', 'timestamp']]);
});

describe('test/support/sigstore/real.ts', () => {
  let real: RealSigstore | undefined;
  const started = async (test: Skippable): Promise<RealSigstore> => (real ??= await orSkip(test, startRealSigstore));
  afterAll(() => real?.stop());

  // Before the stack that the others share is started, for whose end it would wait.
  it('takes turns with another, and leaves nothing behind', async (test) => {
    const one = await orSkip(test, startRealSigstore);
    onTestFinished(() => one.stop());
    const next = startRealSigstore();
    onTestFinished(async () => (await next).stop());
    await access(one.trustedRootFile);
    await one.stop();
    await expect(access(dirname(one.trustedRootFile))).rejects.toThrow('ENOENT');
    const addresses = [one.fulcioUrl, one.rekor2Url, one.timestampUrl, one.oidc.url];
    for (const address of addresses) await expect(fetch(address), address).rejects.toThrow('fetch failed');
    expect(signerOf(await next, await signedBundle(await next))).toEqual(SIGNER);
  });

  sigstoreContract(async (test) => {
    const sigstore = await started(test);
    return { sigstore, issuers: sigstore.issuers };
  });

  cosignAccepts(started, [['rekor2', 'timestamp']]);
});
