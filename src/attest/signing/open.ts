import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Reserve } from '../../http/fetch.ts';
import type { Pause } from '../../async/backoff.ts';
import { anyRoot } from '../verifying/any-root.ts';
import { identitySource, type IdentityOptions, type IdentitySource } from '../identity/identity.ts';
import { keyFrom, verifyingKeyFrom } from './key-signer.ts';
import { hintOf } from '../verifying/log-entry.ts';
import { patience } from './retry.ts';
import { rekor } from '../services/rekor.ts';
import type { Identity, Signer, Verifier } from '../roles.ts';
import { runCertificate } from './run-certificate.ts';
import { chooseServices, type ServiceFlags, type Services } from '../services/config.ts';
import { signer } from './signer.ts';
import type { KeySource, SigningKey } from '../identity/signing-key.ts';
import { stamper } from '../services/timestamp.ts';
import { expectationOf } from '../identity/token.ts';
import { trust, type Root, type TrustOptions } from '../trust/trust.ts';
import { openVerifier } from '../verifying/verify.ts';

/** Options of signing from flags, environment and HTTP stack. `fetch` is the stack's `outbound`. */
export type SigningOptions = IdentityOptions &
  TrustOptions &
  ServiceFlags & {
    readonly reserve: Reserve;
    readonly pause: Pause;
    /** Whether signatures of a key are logged. Default: true. Keyless signatures always are. */
    readonly tlogUpload?: boolean;
    /** Called with a service's address before the first request to it. */
    readonly onService?: (origin: string, service: keyof Services) => void;
  };

/** Signing and verifying, opened at first use: a run that uses neither loads no library and sends no request. */
export type Signing = {
  /**
   * Reads the trusted roots and the signing configuration that flags name as files; sends no request. Throws
   * TRUST_ROOT.
   */
  openFiles(signal: AbortSignal): Promise<void>;
  /**
   * Returns upstream's announcement of the identity that will sign (images by default); sends no request. Throws USAGE
   * for two identities, IDENTITY if there is none or its key or token is unusable.
   */
  announcement(what?: string): Promise<string>;
  /**
   * Returns the signing identity, as far as key, account or token name it. Sends no request to Fulcio, and requests a
   * token only if nothing else names the identity.
   */
  identity(signal: AbortSignal): Promise<Identity | undefined>;
  signer(signal: AbortSignal): Promise<Signer>;
  /** Opens a verifier with all trusted roots. */
  verifier(signal: AbortSignal): Promise<Verifier>;
  /**
   * Opens a verifier with the root for signing only: clients that trust this root could not verify our signature under
   * another one.
   */
  ownVerifier(signal: AbortSignal): Promise<Verifier>;
};

/** Opens signing as the flags say; throws nothing before it is used. */
export function openSigning(options: SigningOptions): Signing {
  const trusted = trust(options);
  let source: Promise<IdentitySource> | undefined;
  let made: Promise<Signer> | undefined;
  const verifiers = new Map<Root, Promise<Verifier>>();
  const sourceOnce = (): Promise<IdentitySource> => (source ??= identitySource(options));
  const verifierOf = (root: Root, signal: AbortSignal): Promise<Verifier> => {
    const opening = verifiers.get(root) ?? kept(openFor(options, root, signal), () => verifiers.delete(root));
    verifiers.set(root, opening);
    return opening;
  };
  const byAny = async (roots: readonly Root[], signal: AbortSignal): Promise<Verifier> =>
    anyRoot(
      await Promise.all(roots.map(async (root) => ({ name: root.name, verifier: await verifierOf(root, signal) }))),
    );
  const open = async (signal: AbortSignal): Promise<Signer> => {
    const [who, judge] = [await sourceOnce(), await verifierOf(trusted.root, signal)];
    const config = needsConfig(options) ? await trusted.signingConfig(signal) : undefined;
    return signerOf(options, who, chooseServices(config, options, options.clock.now()), judge, signal);
  };
  return {
    openFiles: async (signal) => {
      const files = trusted.roots.filter(({ isFile }) => isFile);
      if (files.length > 0) await byAny(files, signal);
      if (options.signingConfig !== undefined) await trusted.signingConfig(signal);
    },
    announcement: async (what = 'images') =>
      `Signing identity for ${what} will be ${await nameOf(options, await sourceOnce())}`,
    identity: async (signal) => {
      const who = await sourceOnce();
      if (who.kind === 'token') return namedIdentity(who, signal);
      return { kind: 'key', hint: hintOf(await verifyingKeyFrom(who.path, options)) };
    },
    signer: (signal) => (made ??= kept(open(signal), () => (made = undefined))),
    verifier: (signal) => byAny(trusted.roots, signal),
    ownVerifier: (signal) => verifierOf(trusted.root, signal),
  };
}

/** Caches a promise; after a failure the next caller tries again. */
async function kept<T>(work: Promise<T>, forget: () => void): Promise<T> {
  try {
    return await work;
  } catch (error) {
    forget();
    throw error;
  }
}

async function nameOf(options: SigningOptions, source: IdentitySource): Promise<string> {
  if (source.kind === 'key') {
    await keyFrom(source.path, options);
    return `the key ${source.path}`;
  }
  const claimed = source.isHere ? expectationOf((await source.token(new AbortController().signal)).claims) : {};
  return source.expected.subject ?? claimed.subject ?? `that of the identity token ${source.name}`;
}

/** If the user names a service of their own, no public service is used with it. */
function needsConfig({ fulcioUrl, rekorUrl, signingConfig, key, tlogUpload }: SigningOptions): boolean {
  if (signingConfig !== undefined) return true;
  if (key !== undefined && tlogUpload === false) return false;
  return fulcioUrl === undefined && rekorUrl === undefined;
}

async function openFor(options: SigningOptions, root: Root, signal: AbortSignal): Promise<Verifier> {
  const { key, tlogUpload } = options;
  const keys = key === undefined ? [] : [await verifyingKeyFrom(key, options)];
  const trustedRoot = await readRoot(options, root, signal);
  try {
    return await openVerifier({ trustedRoot, keys, requireLog: tlogUpload !== false });
  } catch (error) {
    if (!isPromotionError(error, 'TRUST_ROOT')) throw error;
    const { message, hint } = error;
    throw new PromotionError('TRUST_ROOT', `${root.name}: ${message}`, { cause: error, hint });
  }
}

/** Keys without a log need only our own trust. */
async function readRoot(
  { key, tlogUpload, trustedRoots = [] }: SigningOptions,
  { read }: Root,
  signal: AbortSignal,
): Promise<unknown> {
  if (key === undefined || trustedRoots.length > 0) return read(signal);
  if (tlogUpload === false) return {};
  try {
    return await read(signal);
  } catch (error) {
    if (!isPromotionError(error, 'TRUST_ROOT')) throw error;
    const hint = `use the key without a transparency log: --tlog-upload=false; or ${error.hint}`;
    throw new PromotionError('TRUST_ROOT', error.message, { cause: error, hint });
  }
}

async function signerOf(
  options: SigningOptions,
  source: IdentitySource,
  services: Services,
  verifier: Verifier,
  signal: AbortSignal,
): Promise<Signer> {
  const { fetch, reserve, clock, pause } = options;
  const isLogged = source.kind === 'token' || options.tlogUpload !== false;
  if (isLogged && services.rekor === undefined) throw missing('Rekor', '--rekor-url');
  reportServices(options, services);
  const key = await keySource(options, source, services);
  const identity = source.kind === 'token' ? await identityOf(source, key, signal) : (await key(signal)).identity;
  const bundler = {
    key,
    reserve,
    log: isLogged && services.rekor ? rekor(fetch, services.rekor.url, services.rekor.version) : undefined,
    stamp: isLogged && services.timestamp ? stamper(fetch, services.timestamp) : undefined,
  };
  return signer({ identity, bundler, verifier, patience: patience({ clock, pause }) });
}

function reportServices({ onService }: SigningOptions, { fulcio, rekor: log, timestamp }: Services): void {
  if (fulcio !== undefined) onService?.(fulcio.origin, 'fulcio');
  if (log !== undefined) onService?.(log.url.origin, 'rekor');
  if (timestamp !== undefined) onService?.(timestamp.origin, 'timestamp');
}

async function keySource(options: SigningOptions, source: IdentitySource, { fulcio }: Services): Promise<KeySource> {
  if (source.kind === 'key') {
    const key: SigningKey = await keyFrom(source.path, options);
    return async () => key;
  }
  if (fulcio === undefined) throw missing('Fulcio', '--fulcio-url');
  return runCertificate({ ...options, fulcio, token: source.token, expected: source.expected });
}

type TokenSource = Extract<IdentitySource, { kind: 'token' }>;

/** The identity from the account or the token's claims; else from the certificate, which is needed anyway. */
async function identityOf(source: TokenSource, key: KeySource, signal: AbortSignal): Promise<Identity> {
  return (await namedIdentity(source, signal)) ?? (await key(signal)).identity;
}

async function namedIdentity({ expected, token }: TokenSource, signal: AbortSignal): Promise<Identity | undefined> {
  const isKnown = expected.subject !== undefined && expected.issuer !== undefined;
  const claimed = isKnown ? {} : expectationOf((await token(signal)).claims);
  const { subject, issuer } = { ...claimed, ...expected };
  return subject === undefined || issuer === undefined ? undefined : { kind: 'keyless', subject, issuer };
}

function missing(service: string, flag: string): PromotionError {
  return new PromotionError('USAGE', `no ${service} for signing is configured`, {
    hint: `set ${flag}, or use a signing configuration that names a valid one`,
  });
}
