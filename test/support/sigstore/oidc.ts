import { createHash, randomBytes, sign, verify, type webcrypto } from 'node:crypto';
import { ecKeys } from './keys.ts';
import { json, type Routes } from './service.ts';

/** What an identity token says; an e-mail address and Google unless given. */
export type Claims = Readonly<Record<string, unknown>>;

/** Somebody who gives identity tokens, and knows them again. */
export type Tokens = {
  /** A token with these claims added to the usual ones; what is `undefined` is left out. */
  token(claims?: Claims): string;
  /** The claims of one of its own tokens that is valid now; else undefined. */
  read(token: string): Claims | undefined;
  /** The public half of the key that signs them. */
  readonly jwk: webcrypto.JsonWebKey & { readonly kid: string };
};

/** Who signs unless a test says otherwise. */
export const SIGNER = { subject: 'promoter@example.com', issuer: 'https://accounts.google.com' } as const;
/** Who signs in GitHub Actions. */
export const WORKFLOW = {
  subject: 'https://github.com/acme/app/.github/workflows/promote.yaml@refs/heads/main',
  issuer: 'https://token.actions.githubusercontent.com',
} as const;

const COMMIT = createHash('sha1').update('acme/app').digest('hex');
const WORKFLOW_REF = WORKFLOW.subject.replace('https://github.com/', '');

/** https://docs.github.com/actions/reference/security/oidc: the claims that Fulcio puts into a certificate. */
export const GITHUB_CLAIMS: Claims = {
  iss: WORKFLOW.issuer,
  email: undefined,
  email_verified: undefined,
  sub: 'repo:acme/app:ref:refs/heads/main',
  event_name: 'push',
  sha: COMMIT,
  workflow: 'promote',
  repository: 'acme/app',
  ref: 'refs/heads/main',
  job_workflow_ref: WORKFLOW_REF,
  job_workflow_sha: COMMIT,
  workflow_ref: WORKFLOW_REF,
  workflow_sha: COMMIT,
  runner_environment: 'github-hosted',
  repository_id: '1',
  repository_owner: 'acme',
  repository_owner_id: '2',
  run_id: '3',
  run_attempt: '1',
  repository_visibility: 'public',
};

const KEY_ID = 'k1';
/** Seconds; as long as Google's. */
const LIFETIME = 3600;

/** Tokens signed with a key of their own, by this clock; `adapt` has the last word on what they say. */
export function tokens(now: () => number, adapt: (claims: Claims) => Claims = (claims) => claims): Tokens {
  const { privateKey, publicKey } = ecKeys();
  const key = { dsaEncoding: 'ieee-p1363' } as const;
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: KEY_ID },
    token: (claims = {}) => {
      const issued = Math.floor(now() / 1000);
      const usual = { iss: SIGNER.issuer, aud: 'sigstore', iat: issued, exp: issued + LIFETIME };
      // Who says who it is by another claim has no e-mail address.
      const person = 'sub' in claims && !('email' in claims) ? {} : { email: SIGNER.subject, email_verified: true };
      const body = adapt({ ...usual, ...person, sub: '1234567890', ...claims });
      const signed = `${encode({ alg: 'ES256', typ: 'JWT', kid: KEY_ID })}.${encode(body)}`;
      return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, ...key }).toString('base64url')}`;
    },
    read: (token) => {
      const [header = '', body = '', signature = ''] = token.split('.');
      const signed = Buffer.from(`${header}.${body}`);
      if (!verify('sha256', signed, { key: publicKey, ...key }, Buffer.from(signature, 'base64url'))) return undefined;
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Claims;
      const isValid = claims['aud'] === 'sigstore' && Number(claims['exp']) * 1000 > now();
      return isValid && claims['email_verified'] !== false ? claims : undefined;
    },
  };
}

/** The endpoint at which a job of GitHub Actions asks for a token, and what it must send along. */
export function githubEndpoint({ token }: Pick<Tokens, 'token'>, claims: Claims): GithubEndpoint {
  const secret = randomBytes(16).toString('hex');
  return {
    secret,
    routes: {
      'GET /token': ({ request, url }) =>
        request.headers.authorization?.toLowerCase() === `bearer ${secret}`
          ? json(200, { value: token({ ...GITHUB_CLAIMS, aud: url.searchParams.get('audience'), ...claims }) })
          : json(401, { message: 'the request token is not that of this job' }),
    },
  };
}

type GithubEndpoint = { readonly secret: string; readonly routes: Routes };

/** Where a job asks, and the variables that tell it; `url` is that of the service with the endpoint's routes. */
export function githubJob(url: string, { secret }: GithubEndpoint): GithubJob {
  const endpoint = `${url}/token?api-version=2.0`;
  return {
    url: endpoint,
    env: { ACTIONS_ID_TOKEN_REQUEST_URL: endpoint, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret },
  };
}

export type GithubJob = { readonly url: string; readonly env: Readonly<Record<string, string>> };
