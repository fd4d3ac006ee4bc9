import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PromotionError } from '../../errors.ts';
import type { Fetch } from '../../http/fetch.ts';
import { readSigningConfig, type SigningConfig } from '../services/config.ts';
import { GITHUB, openTuf, PUBLIC_GOOD, type TufTargets } from './tuf.ts';

/** The known instances of Sigstore, with their TUF repositories. */
const INSTANCES: ReadonlyMap<string, string> = new Map([
  ['public-good', PUBLIC_GOOD],
  ['github', GITHUB],
]);

export type TrustOptions = {
  readonly fetch: Fetch;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  /** Each is the name of an instance or a file; our signatures must verify with the first. */
  readonly trustedRoots?: readonly string[];
  /** A file that takes precedence over any repository. */
  readonly signingConfig?: string | undefined;
  /** Called if the repository cannot be reached and its cache is used instead. */
  readonly onStale?: (reason: string) => void;
};

/** A trusted root that is loaded once, at first use. */
export type Root = {
  readonly name: string;
  readonly isFile: boolean;
  /** Returns its parsed JSON. */
  read(signal: AbortSignal): Promise<unknown>;
};

/** The trusted roots and the signing configuration. */
type Trust = {
  /** The root for signing. */
  readonly root: Root;
  /** All roots for verifying, the one for signing first. */
  readonly roots: readonly Root[];
  signingConfig(signal: AbortSignal): Promise<SigningConfig>;
};

/**
 * Loads trusted roots from named files and instances, else from the TUF repository in TUF_MIRROR, else from Sigstore's
 * own. Sends no request if all are files. The signing configuration belongs to the root for signing.
 */
export function trust(options: TrustOptions): Trust {
  const { trustedRoots = [], signingConfig, env } = options;
  const mirror = env['TUF_MIRROR'] || PUBLIC_GOOD;
  const standard = tufOf({ ...options, mirror, rootFile: env['TUF_ROOT_JSON'] || undefined });
  const known = new Map([...INSTANCES].map(([name, own]) => [name, tufOf({ ...options, mirror: own })] as const));
  const rootOf = (name: string, tuf = known.get(name)): Root => ({
    name,
    isFile: tuf === undefined,
    read: once(tuf === undefined ? () => file(name, '--trusted-root', NO_ROOT) : target(tuf, 'trusted_root.json')),
  });
  const [root = rootOf(mirror, standard), ...others] = [...new Set(trustedRoots)].map((name) => rootOf(name));
  const readConfig = target(known.get(root.name) ?? standard, 'signing_config.v0.2.json');
  return {
    root,
    roots: [root, ...others],
    signingConfig: once(async (signal) => {
      if (signingConfig !== undefined)
        return readSigningConfig(await file(signingConfig, '--signing-config', 'check the path'), signingConfig);
      if (root.name === 'github') throw notForSigning();
      return readSigningConfig(await readConfig(signal), 'of the repository');
    }),
  };
}

const NO_ROOT = `use ${[...INSTANCES.keys()].join(', ')} or the path of a trusted_root.json`;

function notForSigning(): PromotionError {
  return new PromotionError('USAGE', "GitHub's Sigstore signs for GitHub only", {
    hint: 'name the --trusted-root of the Sigstore for signing first, for example public-good, and github after it',
  });
}

type Opener = (signal: AbortSignal) => Promise<TufTargets>;

type Repository = TrustOptions & { readonly mirror: string; readonly rootFile?: string | undefined };

function tufOf({ fetch, env, home, onStale, mirror, rootFile }: Repository): Opener {
  const cache = env['TUF_ROOT'] || join(env['XDG_CACHE_HOME'] || join(home, '.cache'), 'kpromo', 'tuf');
  return once((signal) => openTuf({ fetch, cache, mirror, onStale, rootFile }, signal));
}

function target(tuf: Opener, name: string): (signal: AbortSignal) => Promise<unknown> {
  return async (signal) => parsed(Buffer.from(await (await tuf(signal))(name)).toString('utf8'), name);
}

async function file(path: string, flag: string, hint: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PromotionError('TRUST_ROOT', `${flag} ${path} cannot be read`, { cause, hint });
  });
  return parsed(text, path);
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PromotionError('TRUST_ROOT', `${name} is not JSON`, {
      cause,
      hint: 'use the file as Sigstore publishes it',
    });
  }
}

/** Runs the work once for all callers; after a failure the next caller runs it again. */
function once<T>(work: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let result: Promise<T> | undefined;
  return (signal) => {
    const own = (result ??= work(signal).catch((error: unknown) => {
      result = undefined;
      throw error;
    }));
    return own;
  };
}
