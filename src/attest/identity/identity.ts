import { readFile } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Fetch } from '../../http/fetch.ts';
import type { Secrets } from '../../secrets/secrets.ts';
import { ambientIdentity } from './ambient.ts';
import { checkKeyPath } from './key.ts';
import { expectationOf, readToken, type Expectation, type IdentityToken } from './token.ts';

/** What the user says of who signs. */
export type IdentityFlags = {
  readonly key?: string;
  /** A file. */
  readonly identityToken?: string;
  /** A Google service account. */
  readonly signerAccount?: string;
};

/** Google's identity tokens for a service account. */
export type GoogleIdentities = {
  /** Whether there are credentials to ask with; asks nobody. */
  present(): Promise<boolean>;
  /** A token with the account's e-mail address. */
  token(account: string, signal: AbortSignal): Promise<string>;
};

export type IdentityOptions = IdentityFlags & {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly google: GoogleIdentities;
  /** Learns each token, so that no output shows it. */
  readonly secrets?: Pick<Secrets, 'learn'>;
};

/** Who signs: a key, or whoever has the tokens of `name`. */
export type IdentitySource =
  | { readonly kind: 'key'; readonly path: string }
  | {
      readonly kind: 'token';
      /** «of GitHub Actions»: follows «the identity token». */
      readonly name: string;
      /** What is known of the identity before there is a token. */
      readonly expected: Expectation;
      /** Whether its tokens are here, and nobody is asked for them. */
      readonly isHere: boolean;
      /** A new token, looked at: it is neither over nor for others. */
      token(signal: AbortSignal): Promise<IdentityToken>;
    };

/** Upstream's account. */
export const DEFAULT_ACCOUNT = 'krel-trust@k8s-releng-prod.iam.gserviceaccount.com';
const GOOGLE = 'https://accounts.google.com';

/** The one identity by flags and environment, in a fixed order; asks nobody yet. Throws USAGE for two explicit ones, IDENTITY where there is none. */
export async function identitySource(options: IdentityOptions): Promise<IdentitySource> {
  const { key, identityToken, signerAccount, env, fetch, google } = options;
  refuseTwo(options);
  if (/^ey[\w-]+\.[\w-]+\./.test(identityToken ?? '')) {
    throw new PromotionError('USAGE', '--identity-token is a token, not a file', {
      hint: 'put it into a file, or into SIGSTORE_ID_TOKEN: everybody on the machine can see arguments',
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
  throw new PromotionError('IDENTITY', 'there is no identity to sign with', {
    hint: 'give --key, --identity-token or --signer-account, run where the CI system gives identity tokens, or do without with --sign=false',
  });
}

function refuseTwo({ key, identityToken, signerAccount, env }: IdentityOptions): void {
  const given = [
    ...(key === undefined ? [] : ['--key']),
    ...(identityToken === undefined ? [] : ['--identity-token']),
    ...(signerAccount === undefined ? [] : ['--signer-account']),
  ];
  // It would win over the account without a word.
  if (given.length === 1 && given[0] === '--signer-account' && env['SIGSTORE_ID_TOKEN'])
    given.push('SIGSTORE_ID_TOKEN');
  if (given.length < 2) return;
  throw new PromotionError('USAGE', `${given.join(' and ')} name different signers`, { hint: 'give only one of them' });
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
        throw new PromotionError('IDENTITY', `the identity token ${name} is of ${subject} (${issuer})`, {
          hint: 'check the account, and who may act for it',
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
