import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PromotionError } from '../errors.ts';
import type { Fetch } from '../http/fetch.ts';
import { readSigningConfig, type SigningConfig } from './services.ts';
import { openTuf, type TufTargets } from './tuf.ts';

export type TrustOptions = {
  readonly fetch: Fetch;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
  /** Files that come before any repository. */
  readonly trustedRoot?: string;
  readonly signingConfig?: string;
  /** Is told if the repository cannot be reached, and what is cached of it must do. */
  readonly onStale?: (reason: string) => void;
};

/** What is trusted, and where to sign; each is got once, when it is first asked for. */
export type Trust = {
  /** The JSON of the trusted root, parsed. */
  root(signal: AbortSignal): Promise<unknown>;
  signingConfig(signal: AbortSignal): Promise<SigningConfig>;
};

/** From a file, else from the TUF repository that TUF_MIRROR names, else from Sigstore's own; nothing is asked of anybody where both files are given. */
export function trust({ fetch, env, home, trustedRoot, signingConfig, onStale }: TrustOptions): Trust {
  const tuf = once((signal) =>
    openTuf(
      {
        fetch,
        cache: env['TUF_ROOT'] || join(env['XDG_CACHE_HOME'] || join(home, '.cache'), 'kpromo', 'tuf'),
        ...(onStale !== undefined && { onStale }),
        ...(env['TUF_MIRROR'] && { mirror: env['TUF_MIRROR'] }),
        ...(env['TUF_ROOT_JSON'] && { rootFile: env['TUF_ROOT_JSON'] }),
      },
      signal,
    ),
  );
  const target = async (name: string, signal: AbortSignal): Promise<unknown> =>
    parsed(await named(tuf, name, signal), name);
  return {
    root: once((signal) =>
      trustedRoot === undefined ? target('trusted_root.json', signal) : file(trustedRoot, '--trusted-root'),
    ),
    signingConfig: once(async (signal) =>
      signingConfig === undefined
        ? readSigningConfig(await target('signing_config.v0.2.json', signal), 'of the repository')
        : readSigningConfig(await file(signingConfig, '--signing-config'), signingConfig),
    ),
  };
}

const named = async (
  tuf: (signal: AbortSignal) => Promise<TufTargets>,
  name: string,
  signal: AbortSignal,
): Promise<string> => Buffer.from(await (await tuf(signal))(name)).toString('utf8');

async function file(path: string, flag: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PromotionError('TRUST_ROOT', `${flag} ${path} cannot be read`, { cause, hint: 'check the path' });
  });
  return parsed(text, path);
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PromotionError('TRUST_ROOT', `${what} is no JSON`, {
      cause,
      hint: 'give the file as Sigstore publishes it',
    });
  }
}

/** Does something once for all who ask; what failed is done anew. */
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
