import { initializeTUFRepo } from '@tufjs/repo-mock/dist/repo.js';
import { tufHandlers } from '@tufjs/repo-mock/dist/handler.js';
import { borrowAuthorities, returnAuthorities } from './authorities.ts';
import { fulcio, type CertificateTerms, type Fulcio } from './fulcio.ts';
import { githubEndpoint, githubJob, tokens, type Claims } from './oidc.ts';
import { rekorV1, type Log, type LoggedEntry } from './rekor-v1.ts';
import { rekorV2, type LogV2 } from './rekor-v2.ts';
import { startService, type Fault, type Routes, type Service } from './service.ts';
import { sigstoreFiles, type Sigstore, type SigstoreFiles } from './stack.ts';
import { timestamps, type Timestamps } from './timestamps.ts';
import type { Trusted } from './trust.ts';

const SERVICES = ['fulcio', 'rekor', 'rekor2', 'timestamp', 'oidc', 'tuf'] as const;
/** The services of the local Sigstore, each on a port of its own. */
export type ServiceName = (typeof SERVICES)[number];

export type SigstoreOptions = {
  /** The time in milliseconds that everything is issued and logged at; the machine's unless given. */
  readonly now?: () => number;
  /** The logs that the signing configuration names; the first version unless given. */
  readonly rekorVersions?: readonly (1 | 2)[];
  /** Claims of the tokens that the endpoint of GitHub Actions gives, beside GitHub's usual ones. */
  readonly githubClaims?: Claims;
};

/** A Sigstore of this process, over real HTTP on 127.0.0.1. */
export type LocalSigstore = Sigstore & {
  readonly rekorUrl: string;
  /** A TUF repository with the trusted root and the signing configuration; `rootFile` is its first root. */
  readonly tuf: { readonly url: string; readonly rootFile: string };
  /** How many requests came to each service. */
  counts(): Readonly<Record<ServiceName, number>>;
  /** Has a service fail; the returned function ends that. */
  inject(service: ServiceName, fault: Fault): () => void;
  /** What the certificates to come say; a test may write here. */
  readonly certificates: CertificateTerms;
  /** What the logs hold, in order. */
  readonly logged: { readonly rekor: readonly LoggedEntry[]; readonly rekor2: readonly LoggedEntry[] };
};

/** Starts Fulcio, Rekor v1 and v2, a timestamp authority, GitHub's token endpoint and a TUF repository. */
export async function startSigstore(options: SigstoreOptions = {}): Promise<LocalSigstore> {
  const { now = Date.now, rekorVersions = [1], githubClaims = {} } = options;
  const identities = tokens(now);
  const github = githubEndpoint(identities, githubClaims);
  const authorities = await borrowAuthorities(now());
  const [authority, stamps] = [fulcio(now, identities, authorities), timestamps(now, authorities)];
  const [services, { v1, v2 }] = await startAll(now, { fulcio: authority, stamps, oidc: github.routes });
  const url = (name: ServiceName): string => services[name].url;
  const timestampUrl = `${url('timestamp')}/api/v1/timestamp`;
  const versions = { 1: url('rekor'), 2: url('rekor2') } as const;
  const files = await sigstoreFiles(
    trusted(url, { authority, stamps, v1, v2 }),
    {
      fulcio: url('fulcio'),
      oidc: url('oidc'),
      timestamp: timestampUrl,
      rekor: rekorVersions.map((version) => ({ url: versions[version], version })),
    },
    now(),
  );
  const rootFile = await publish(files, services.tuf);
  const end = async (): Promise<void> => {
    await Promise.all(SERVICES.map((name) => services[name].service.stop()));
    await files.remove();
    returnAuthorities(authorities);
  };
  let ended: Promise<void> | undefined;
  const stop = (): Promise<void> => (ended ??= end());
  return {
    fulcioUrl: url('fulcio'),
    rekorUrl: url('rekor'),
    rekor2Url: url('rekor2'),
    timestampUrl,
    trustedRoot: files.trustedRoot,
    trustedRootFile: files.trustedRootFile,
    signingConfigFile: files.signingConfigFile,
    token: identities.token,
    oidc: githubJob(url('oidc'), github),
    tuf: { url: url('tuf'), rootFile },
    counts: () => countsOf(services),
    inject: (name, fault) => services[name].service.inject(fault),
    certificates: authority.terms,
    logged: { rekor: v1.entries, rekor2: v2.entries },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

type Running = { readonly url: string; readonly service: Service; readonly table: { routes: Routes } };
type Services = Readonly<Record<ServiceName, Running>>;

/** The logs name themselves by their addresses, and the TUF repository serves what names all: routes come when the ports are known. */
async function startAll(
  now: () => number,
  given: { readonly fulcio: Fulcio; readonly stamps: Timestamps; readonly oidc: Routes },
): Promise<[Services, { v1: Log; v2: LogV2 }]> {
  const started = await Promise.all(SERVICES.map(async (name) => [name, await start()] as const));
  const services = Object.fromEntries(started) as Record<ServiceName, Running>;
  const v1 = await rekorV1(now, services.rekor.url);
  const v2 = rekorV2(services.rekor2.url);
  const routes = { fulcio: given.fulcio.routes, rekor: v1.routes, rekor2: v2.routes, timestamp: given.stamps.routes };
  for (const [name, own] of Object.entries({ ...routes, oidc: given.oidc }))
    services[name as ServiceName].table.routes = own;
  return [services, { v1, v2 }];
}

async function start(): Promise<Running> {
  const table: { routes: Routes } = { routes: {} };
  const service = await startService((key) => table.routes[key]);
  return { url: service.url, service, table };
}

type Parts = { readonly authority: Fulcio; readonly stamps: Timestamps; readonly v1: Log; readonly v2: LogV2 };

function trusted(url: (name: ServiceName) => string, { authority, stamps, v1, v2 }: Parts): Trusted {
  return {
    logs: [
      { url: url('rekor'), publicKey: v1.publicKey, kind: 'ecdsa' },
      { url: url('rekor2'), publicKey: v2.publicKey, kind: 'ed25519', id: v2.id },
    ],
    certificateLogs: [{ url: url('fulcio'), publicKey: authority.certificateLog.publicKey, kind: 'ecdsa' }],
    certificateAuthorities: [{ url: url('fulcio'), chain: authority.chain }],
    timestampAuthorities: [{ url: url('timestamp'), chain: stamps.chain }],
  };
}

async function publish({ trustedRoot, signingConfig, write }: SigstoreFiles, { table }: Running): Promise<string> {
  const repository = initializeTUFRepo([
    { name: 'trusted_root.json', content: JSON.stringify(trustedRoot) },
    { name: 'signing_config.v0.2.json', content: JSON.stringify(signingConfig) },
  ]);
  const handlers = tufHandlers(repository, { metadataPathPrefix: '', targetPathPrefix: '/targets' });
  table.routes = Object.fromEntries(
    handlers.map(({ path, fn }) => [
      `GET ${path}`,
      () => {
        const { statusCode, response, contentType } = fn();
        return { status: statusCode, body: response, ...(contentType !== undefined && { type: contentType }) };
      },
    ]),
  );
  return write('tuf-root.json', JSON.stringify(repository.rootMeta.toJSON()));
}

function countsOf(services: Services): Record<ServiceName, number> {
  const total = ({ counts }: Service): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
  return Object.fromEntries(SERVICES.map((name) => [name, total(services[name].service)])) as Record<
    ServiceName,
    number
  >;
}
