import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Claims, GithubJob } from './oidc.ts';
import { signingConfigOf, trustedRootOf, type Addresses, type Trusted, type TrustedRootJson } from './trust.ts';

/** What every Sigstore of tests offers, the one in TypeScript and the real one. */
export type Sigstore = AsyncDisposable & {
  readonly fulcioUrl: string;
  readonly rekor2Url: string;
  /** The endpoint itself. */
  readonly timestampUrl: string;
  readonly trustedRoot: TrustedRootJson;
  readonly trustedRootFile: string;
  /** Which services to use, v0.2. */
  readonly signingConfigFile: string;
  /** An identity token; `promoter@example.com` of Google unless claims are given. */
  token(claims?: Claims): string;
  /** Identity tokens as a job of GitHub Actions gets them. */
  readonly oidc: GithubJob;
  stop(): Promise<void>;
};

/** The files of a Sigstore, in a folder of their own. */
export type SigstoreFiles = {
  readonly folder: string;
  readonly trustedRoot: TrustedRootJson;
  readonly trustedRootFile: string;
  readonly signingConfig: object;
  readonly signingConfigFile: string;
  write(name: string, text: string): Promise<string>;
  remove(): Promise<void>;
};

/** Writes the trusted root and the signing configuration into a new folder below the one for temporary files. */
export async function sigstoreFiles(trusted: Trusted, addresses: Addresses, now: number): Promise<SigstoreFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-sigstore-'));
  const write = async (name: string, text: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, text);
    return file;
  };
  const trustedRoot = trustedRootOf(trusted, now);
  const signingConfig = signingConfigOf(addresses, now);
  return {
    folder,
    trustedRoot,
    trustedRootFile: await write('trusted_root.json', JSON.stringify(trustedRoot)),
    signingConfig,
    signingConfigFile: await write('signing_config.v0.2.json', JSON.stringify(signingConfig)),
    write,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
