import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { certificateLog } from './certificate-log.ts';
import { githubEndpoint, githubJob } from './oidc.ts';
import { realIssuers } from './real-issuers.ts';
import { realKeys, type RealKeys } from './real-keys.ts';
import { freeAddresses, realPrograms, startPrograms, type RealAddresses } from './real-programs.ts';
import { startService, type Routes } from './service.ts';
import { sigstoreFiles, type Sigstore } from './stack.ts';
import type { Trusted } from './trust.ts';

/** A Sigstore of real services; there is no Rekor v1. */
export type RealSigstore = Sigstore & {
  /** The issuers in the certificates of a workflow of GitHub, and of a subject that is no e-mail address. */
  readonly issuers: { readonly workflow: string; readonly plain: string };
};

/**
 * Starts a real Fulcio, Rekor v2 and timestamp authority, built with Go; throws MissingProgram where they are not.
 * One at a time on a machine: who comes second waits until the first has stopped.
 */
export async function startRealSigstore(): Promise<RealSigstore> {
  const programs = realPrograms();
  const turn = await takeTurn();
  const routes: { table: Routes } = { table: {} };
  const { url, stop: stopService } = await startService((key) => routes.table[key]);
  const log = certificateLog(Date.now);
  const { tokens, config, workflow, plain, routes: known } = realIssuers(Date.now, url);
  const github = githubEndpoint(tokens, {});
  routes.table = { ...log.routes, ...known, ...github.routes };
  const [keys, addresses] = [await realKeys(), await freeAddresses()];
  const timestamp = `${addresses.timestamp}/api/v1/timestamp`;
  const files = await sigstoreFiles(
    trustedOf(addresses, keys, { url: `${url}/ct`, publicKey: log.der, kind: 'ecdsa' }),
    { ...addresses, oidc: `${url}/email`, timestamp, rekor: [{ url: addresses.rekor, version: 2 }] },
    Date.now(),
  );
  const running = await startPrograms({ programs, addresses, keys, files, config, log: { url, key: log.publicKey } });
  const stop = async (): Promise<void> => {
    await running.stop();
    await stopService();
    await files.remove();
    turn.close();
  };
  await running.healthy.catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    fulcioUrl: addresses.fulcio,
    rekor2Url: addresses.rekor,
    timestampUrl: timestamp,
    trustedRoot: files.trustedRoot,
    trustedRootFile: files.trustedRootFile,
    signingConfigFile: files.signingConfigFile,
    token: tokens.token,
    oidc: githubJob(url, github),
    issuers: { workflow, plain },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function trustedOf(
  { fulcio, rekor, timestamp }: RealAddresses,
  { log, certified, stamps }: RealKeys,
  certificates: Trusted['certificateLogs'][number],
): Trusted {
  return {
    logs: [{ url: rekor, publicKey: log.der, kind: 'ed25519', id: log.noteKeyId }],
    certificateLogs: [certificates],
    certificateAuthorities: [{ url: fulcio, chain: certified.der }],
    timestampAuthorities: [{ url: timestamp, chain: stamps.der }],
  };
}

/** How often it is looked whether the other stack has stopped; tests of a stack take seconds. */
const TURN_MS = 50;

/**
 * The timestamp authority serves its metrics on port 2112 and on no other, so stacks take turns; a name in Linux'
 * abstract space is free again as soon as its process is gone, however it went.
 */
async function takeTurn(): Promise<Server> {
  for (;;) {
    const server = createServer();
    const isOurs = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') resolve(false);
        else reject(error);
      });
      server.listen('\0kpromo-real-sigstore', () => resolve(true));
    });
    if (isOurs) return server;
    await sleep(TURN_MS);
  }
}
