import { createHash, generateKeyPairSync, webcrypto, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startProcess, type ServerProcess } from '../processes.ts';
import { requireProgram } from '../programs.ts';
import { certificateLog } from './certificate-log.ts';
import { codeSigningChain, timestampingChain, type Chain, type Issuer } from './certificates.ts';
import { githubEndpoint } from './oidc.ts';
import { realIssuers } from './real-issuers.ts';
import { startService, type Route, type Routes } from './service.ts';
import { sigstoreFiles, type Sigstore, type SigstoreFiles } from './stack.ts';

/** A Sigstore of real services; there is no Rekor v1. */
export type RealSigstore = Sigstore & {
  /** The issuers in the certificates of a workflow of GitHub, and of a subject that is no e-mail address. */
  readonly issuers: { readonly workflow: string; readonly plain: string };
};

/** Starting takes half a second; thirty seconds is a machine that is very busy. */
const START_TIMEOUT_MS = 30_000;

const HOST = '127.0.0.1';

/**
 * Starts a real Fulcio, Rekor v2 and timestamp authority, built with Go; throws MissingProgram where they are not.
 * One at a time on a machine: who comes second waits until the first has stopped.
 */
export async function startRealSigstore(): Promise<RealSigstore> {
  const [fulcio, rekor, tsa] = ['fulcio', 'rekor-posix', 'timestamp-server'].map(requireProgram);
  const turn = await takeTurn();
  const routes: { table: Routes } = { table: {} };
  const service = await startService((key): Route | undefined => routes.table[key]);
  const [fulcioPort, rekorPort, tsaPort] = [await freePort(), await freePort(), await freePort()];
  const log = certificateLog(Date.now);
  const issuers = realIssuers(Date.now, service.url);
  const github = githubEndpoint(issuers.tokens, {});
  routes.table = { ...log.routes, ...issuers.routes, ...github.routes };
  const keys = generateKeyPairSync('ed25519');
  const [certified, stamps] = await Promise.all([codeSigningChain(Date.now()), timestampingChain(Date.now())]);
  const url = (port: number): string => `http://${HOST}:${port}`;
  const raw = keys.publicKey.export({ format: 'der', type: 'spki' });
  const timestampUrl = `${url(tsaPort)}/api/v1/timestamp`;
  const files = await sigstoreFiles(
    {
      logs: [{ url: url(rekorPort), publicKey: raw, kind: 'ed25519', id: noteKeyId(raw) }],
      certificateLogs: [{ url: `${service.url}/ct`, publicKey: log.der, kind: 'ecdsa' }],
      certificateAuthorities: [{ url: url(fulcioPort), chain: rawChain(certified) }],
      timestampAuthorities: [{ url: url(tsaPort), chain: rawChain(stamps) }],
    },
    {
      fulcio: url(fulcioPort),
      oidc: `${service.url}/email`,
      timestamp: timestampUrl,
      rekor: [{ url: url(rekorPort), version: 2 }],
    },
    Date.now(),
  );
  const running: ServerProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.stop()));
    await service.stop();
    await files.remove();
    turn.close();
  };
  const start = async (program = '', args: readonly string[], health: string): Promise<void> => {
    // Variables and files of the user's would configure the services.
    const server = startProcess('/usr/bin/env', ['-i', `HOME=${files.folder}`, program, ...args]);
    running.push(server);
    await healthy(program, server, health);
  };
  try {
    await Promise.all([
      start(
        fulcio,
        await fulcioArguments(files, { port: fulcioPort, certified, log: log.publicKey, issuers, url: service.url }),
        `${url(fulcioPort)}/healthz`,
      ),
      start(rekor, await rekorArguments(files, rekorPort, keys.privateKey), `${url(rekorPort)}/healthz`),
      start(tsa, await timestampArguments(files, tsaPort, stamps), `${url(tsaPort)}/ping`),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  const oidcUrl = `${service.url}/token?api-version=2.0`;
  return {
    fulcioUrl: url(fulcioPort),
    rekor2Url: url(rekorPort),
    timestampUrl,
    trustedRoot: files.trustedRoot,
    trustedRootFile: files.trustedRootFile,
    signingConfigFile: files.signingConfigFile,
    token: issuers.tokens.token,
    oidc: {
      url: oidcUrl,
      env: { ACTIONS_ID_TOKEN_REQUEST_URL: oidcUrl, ACTIONS_ID_TOKEN_REQUEST_TOKEN: github.secret },
    },
    issuers: { workflow: issuers.workflow, plain: issuers.plain },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * The timestamp authority serves its metrics on port 2112 and on no other, so stacks take turns; a name in Linux'
 * abstract space is free again as soon as its process is gone, however it went.
 */
async function takeTurn(): Promise<Server> {
  for (;;) {
    const server = createServer();
    const isOurs = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen('\0kpromo-real-sigstore', () => resolve(true));
    });
    if (isOurs) return server;
    await sleep(50);
  }
}

async function healthy(program: string, server: ServerProcess, address: string): Promise<void> {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  let hasEnded = false;
  const ended = server.ended.then((words) => {
    hasEnded = true;
    throw new Error(`${program} ended before it was healthy; its last words: ${words || '(none)'}`);
  });
  const isHealthy = async (): Promise<void> => {
    while (!hasEnded) {
      const response = await fetch(address, { signal }).catch(() => undefined);
      await response?.body?.cancel();
      if (response?.ok === true) return;
      await sleep(20, undefined, { signal });
    }
  };
  await Promise.race([isHealthy(), ended]);
  ended.catch(() => undefined);
}

type FulcioParts = {
  readonly port: number;
  readonly certified: Chain;
  readonly log: KeyObject;
  readonly issuers: { readonly config: object };
  readonly url: string;
};

async function fulcioArguments(files: SigstoreFiles, parts: FulcioParts): Promise<readonly string[]> {
  const { port, certified, log, issuers, url } = parts;
  // Fulcio 1.8.8 panics when its two ports are one.
  const [grpc, metrics] = [await freePort(), await freePort()];
  const logKey = String(log.export({ type: 'spki', format: 'pem' }));
  return [
    'serve',
    '--ca=fileca',
    `--fileca-cert=${await files.write('fulcio-chain.pem', pemChain(certified))}`,
    `--fileca-key=${await files.write('fulcio.key', await privatePem(certified.leaf))}`,
    '--fileca-key-passwd=none',
    '--fileca-watch=false',
    `--config-path=${await files.write('fulcio.json', JSON.stringify(issuers.config))}`,
    `--ct-log-url=${url}/ct`,
    `--ct-log-public-key-path=${await files.write('ct.pub', logKey)}`,
    `--host=${HOST}`,
    `--port=${port}`,
    `--grpc-host=${HOST}`,
    `--grpc-port=${grpc}`,
    `--metrics-port=${metrics}`,
    `--legacy-unix-domain-socket=@kpromo-fulcio-${port}`,
  ];
}

async function rekorArguments(files: SigstoreFiles, port: number, key: KeyObject): Promise<readonly string[]> {
  const pem = String(key.export({ type: 'pkcs8', format: 'pem' }));
  return [
    'serve',
    `--hostname=${HOST}`,
    `--http-port=${port}`,
    `--grpc-port=${await freePort()}`,
    `--http-metrics-port=${await freePort()}`,
    `--storage-dir=${join(files.folder, 'log')}`,
    `--signer-filepath=${await files.write('rekor.key', pem)}`,
    // An entry waits for the next checkpoint, with the default 10 s and more.
    '--checkpoint-interval=100ms',
    '--batch-max-age=20ms',
    '--tlog-timeout=2s',
    '--log-level=warn',
  ];
}

async function timestampArguments(files: SigstoreFiles, port: number, stamps: Chain): Promise<readonly string[]> {
  return [
    'serve',
    `--host=${HOST}`,
    `--port=${port}`,
    '--timestamp-signer=file',
    `--file-signer-key-path=${await files.write('tsa.key', await privatePem(stamps.leaf))}`,
    `--certificate-chain-path=${await files.write('tsa-chain.pem', pemChain(stamps))}`,
    '--disable-ntp-monitoring',
  ];
}

/** https://github.com/C2SP/C2SP/blob/main/signed-note.md: the origin, a newline, the algorithm, the raw key. */
function noteKeyId(spki: Buffer): Buffer {
  return createHash('sha256')
    .update(Buffer.concat([Buffer.from(`${HOST}\n\x01`), spki.subarray(-32)]))
    .digest();
}

const rawChain = ({ leaf, root }: Chain): readonly Buffer[] =>
  [leaf, root].map(({ certificate }) => Buffer.from(certificate.rawData));

const pemChain = ({ leaf, root }: Chain): string =>
  `${leaf.certificate.toString('pem')}\n${root.certificate.toString('pem')}\n`;

async function privatePem({ keys }: Issuer): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return ['-----BEGIN PRIVATE KEY-----', ...(der.match(/.{1,64}/g) ?? []), '-----END PRIVATE KEY-----', ''].join('\n');
}
