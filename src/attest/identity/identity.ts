import { readFile } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Fetch } from '../../http/fetch.ts';
import type { Secrets } from '../../secrets/secrets.ts';
import { ambientIdentity } from './ambient.ts';
import { checkKeyPath } from './key.ts';
import { expectationOf, readToken, type Expectation, type IdentityToken } from './token.ts';

/** Flags about the signing identity. */
export type IdentityFlags = {
  readonly key?: string | undefined;
  /** Path of a file. */
  readonly identityToken?: string | undefined;
  /** A Google service account. */
  readonly signerAccount?: string | undefined;
};

/** Google's identity tokens for a service account. */
export type GoogleIdentities = {
  /** Returns true if there are credentials to request one with; sends no request. */
  present(): Promise<boolean>;
  /** Returns a token with the account's e-mail address. */
  token(account: string, signal: AbortSignal): Promise<string>;
};

export type IdentityOptions = IdentityFlags & {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly google: GoogleIdentities;
  /** Learns each token, so that it can be redacted. */
  readonly secrets?: Pick<Secrets, 'learn'>;
};

/** The signing identity: a key, or the tokens called `name`. */
export type IdentitySource =
  | { readonly kind: 'key'; readonly path: string }
  | {
      readonly kind: 'token';
      /** Such as «of GitHub Actions»; follows «the identity token». */
      readonly name: string;
      /** Known parts of the identity before the token is requested. */
      readonly expected: Expectation;
      /** True if a token is available without a request. */
      readonly isHere: boolean;
      /** Returns a new token, checked for expiry and audience. */
      token(signal: AbortSignal): Promise<IdentityToken>;
    };

/** Upstream's account. */
export const DEFAULT_ACCOUNT = 'krel-trust@k8s-releng-prod.iam.gserviceaccount.com';
const GOOGLE = 'https://accounts.google.com';

/**
 * Selects the identity from flags and environment, in a fixed order, without a request. Throws USAGE for two explicit
 * ones, IDENTITY if there is none.
 */
export async function identitySource(options: IdentityOptions): Promise<IdentitySource> {
  const { key, identityToken, signerAccount, env, fetch, google } = options;
  refuseTwo(options);
  if (/^ey[\w-]+\.[\w-]+\./.test(identityToken ?? '')) {
    throw new PromotionError('USAGE', '--identity-token is a token, not a file', {
      hint: 'put it into a file, or into SIGSTORE_ID_TOKEN: all users of the machine can see arguments',
    });
  }
  if (key !== undefined) {
    checkKeyPath(key);
    return { kind: 'key', path: key };
  }
  if (identityToken !== undefined) return here(options, `of ${identityToken}`, () => fileToken(identityToken));
  const given = env['SIGSTORE_ID_TOKEN'];
  if (given) return here(options, 'of SIGSTORE_ID_TOKEN', async () => given);
  if (signerAccount !== undefined) return googleAccount(options, signerAccount);
  const ambient = ambientIdentity(env, fetch);
  if (ambient !== undefined) return tokens(options, ambient.name, {}, ambient.token);
  if (await google.present()) return googleAccount(options, DEFAULT_ACCOUNT);
  throw new PromotionError('IDENTITY', 'no signing identity found', {
    hint: 'set --key, --identity-token or --signer-account, run in a CI system with identity tokens, or disable signing with --sign=false',
  });
}

function refuseTwo({ key, identityToken, signerAccount, env }: IdentityOptions): void {
  const given = [
    ...(key === undefined ? [] : ['--key']),
    ...(identityToken === undefined ? [] : ['--identity-token']),
    ...(signerAccount === undefined ? [] : ['--signer-account']),
  ];
  // It would silently take precedence over the account.
  if (given.length === 1 && given[0] === '--signer-account' && env['SIGSTORE_ID_TOKEN'])
    given.push('SIGSTORE_ID_TOKEN');
  if (given.length < 2) return;
  throw new PromotionError('USAGE', `${given.join(' and ')} name different signers`, { hint: 'set only one of them' });
}

function here(options: IdentityOptions, name: string, get: () => Promise<string>): IdentitySource {
  return { ...tokens(options, name, {}, get), isHere: true };
}

function googleAccount(options: IdentityOptions, account: string): IdentitySource {
  const expected = { subject: account, issuer: GOOGLE };
  return tokens(options, `of the Google account ${account}`, expected, (signal) =>
    options.google.token(account, signal),
  );
}

function tokens(
  { clock, secrets }: IdentityOptions,
  name: string,
  expected: Expectation,
  get: (signal: AbortSignal) => Promise<string>,
): Extract<IdentitySource, { kind: 'token' }> {
  return {
    kind: 'token',
    name,
    expected,
    isHere: false,
    token: async (signal) => {
      const raw = await get(signal);
      secrets?.learn(raw);
      const token = readToken(raw, name, clock.now());
      const { subject, issuer } = expectationOf(token.claims);
      if (differs(expected.subject, subject) || differs(expected.issuer, issuer)) {
        throw new PromotionError('IDENTITY', `the identity token ${name} belongs to ${subject} (${issuer})`, {
          hint: 'check the account and who may impersonate it',
        });
      }
      return token;
    },
  };
}

function differs(wanted: string | undefined, is: string | undefined): boolean {
  return wanted !== undefined && is !== undefined && wanted !== is;
}

async function fileToken(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PromotionError('IDENTITY', `--identity-token ${path} cannot be read`, { cause, hint: 'check the path' });
  });
}
