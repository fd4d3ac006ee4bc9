import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { realClock } from '../../src/clock.ts';
import { acr } from '../../src/http/credentials/acr.ts';
import type { CredentialSource } from '../../src/http/credentials/credential.ts';
import { dockerConfig } from '../../src/http/credentials/docker/config.ts';
import { ecr } from '../../src/http/credentials/aws/ecr.ts';
import { ghcr } from '../../src/http/credentials/ghcr.ts';
import { gitlab } from '../../src/http/credentials/gitlab.ts';
import { google } from '../../src/http/credentials/google/google.ts';
import type { GoogleOptions } from '../../src/http/credentials/google/options.ts';
import { cloud, type Cloud, type CloudAnswer, type CloudRequest } from '../support/cloud.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';
import { homeWith } from '../support/home.ts';
import type { CredentialsSubject } from './credentials.contract.ts';

const HOUR = 3_600_000;

/** Refuses and repeats the whole request, as some servers do. */
const echo = ({ body, headers }: CloudRequest): CloudAnswer => ({
  status: 403,
  body: { error: 'access_denied', error_description: `${body} ${String(headers['authorization'])}`, message: body },
});

/** The library uses the machine's clock. */
const clockOfNow = (): FakeClock => fakeClock({ start: realClock().now() });

/** A home folder, an environment, and the responses of the cloud. */
type GoogleWorld = {
  readonly files?: Readonly<Record<string, unknown>>;
  readonly env?: (home: string) => Readonly<Record<string, string>>;
  readonly answer: (request: CloudRequest, token: string, clock: FakeClock) => CloudAnswer;
  readonly secrets: readonly string[];
};

function googleSubject({ files = {}, env = () => ({}), answer, secrets }: GoogleWorld) {
  return async (): Promise<CredentialsSubject> => {
    const clock = clockOfNow();
    const home = await homeWith(files);
    let token = 'ya29.access';
    const world = await cloud(clock, (request) => answer(request, token, clock));
    const options: GoogleOptions = { clock, home, env: env(home), fetch: world.fetch };
    return {
      ...subjectOf(google(options), clock, world),
      change: () => void (token = 'ya29.other'),
      host: 'us-docker.pkg.dev',
      expected: { kind: 'basic', username: 'oauth2accesstoken', password: 'ya29.access' },
      secrets: ['ya29.access', ...secrets],
    };
  };
}

function subjectOf(
  source: CredentialSource,
  clock: FakeClock,
  world: Cloud,
): Pick<CredentialsSubject, 'source' | 'clock' | 'asked' | 'refuse'> {
  return { source, clock, asked: () => world.asked.length, refuse: () => world.answer(echo) };
}

const ADC = '.config/gcloud/application_default_credentials.json';
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const keyBody = privateKey.split('\n')[1] ?? '';
const user = { type: 'authorized_user', client_id: 'id', client_secret: 'hunter2', refresh_token: '1//refresh' };
const access = (token: string): CloudAnswer => ({
  json: { access_token: token, expires_in: 3600, token_type: 'Bearer' },
});
const unexpected = ({ method, host, path }: CloudRequest): CloudAnswer => ({
  status: 418,
  body: { message: `${method} ${host}${path} was not expected` },
});

/** The response of IAM to an account that may impersonate; the account itself has another token. */
const impersonated = (request: CloudRequest, token: string, clock: FakeClock): CloudAnswer => {
  if (request.host === 'oauth2.googleapis.com') return access('ya29.source');
  if (request.path !== '/v1/projects/-/serviceAccounts/robot@acme.iam.gserviceaccount.com:generateAccessToken')
    return unexpected(request);
  if (request.headers['authorization'] !== 'Bearer ya29.source') return { status: 401 };
  return { json: { accessToken: token, expireTime: new Date(clock.now() + HOUR).toISOString() } };
};

/** One subject for each way in which Google's libraries find their credentials. */
export const googleSubjects: Readonly<Record<string, () => Promise<CredentialsSubject>>> = {
  'a service account key': googleSubject({
    files: {
      'key.json': {
        type: 'service_account',
        client_email: 'robot@acme.iam.gserviceaccount.com',
        private_key: privateKey,
      },
    },
    env: (home) => ({ GOOGLE_APPLICATION_CREDENTIALS: join(home, 'key.json') }),
    answer: (request, token) => (request.host === 'oauth2.googleapis.com' ? access(token) : unexpected(request)),
    secrets: [keyBody],
  }),
  'a user': googleSubject({
    files: { [ADC]: user },
    answer: (request, token) =>
      request.body.includes('refresh_token=1%2F%2Frefresh') ? access(token) : unexpected(request),
    secrets: ['hunter2', '1//refresh', '1%2F%2Frefresh'],
  }),
  'a user who impersonates by the file': googleSubject({
    files: {
      [ADC]: {
        type: 'impersonated_service_account',
        service_account_impersonation_url:
          'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/robot@acme.iam.gserviceaccount.com:generateAccessToken',
        delegates: [],
        source_credentials: user,
      },
    },
    answer: impersonated,
    secrets: ['hunter2', '1//refresh', 'ya29.source'],
  }),
  'a user who impersonates by the environment': googleSubject({
    files: { [ADC]: user },
    env: () => ({ CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT: 'robot@acme.iam.gserviceaccount.com' }),
    answer: impersonated,
    secrets: ['hunter2', '1//refresh', 'ya29.source'],
  }),
  'a workload identity': googleSubject({
    files: {
      [ADC]: {
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: 'https://sts.googleapis.com/v1/token',
        credential_source: { url: 'https://ci.example/subject' },
      },
    },
    answer: (request, token) => {
      if (request.host === 'ci.example') return 'subject-token-of-ci';
      return request.host === 'sts.googleapis.com' && request.body.includes('subject-token-of-ci')
        ? access(token)
        : unexpected(request);
    },
    secrets: ['subject-token-of-ci'],
  }),
  'the metadata server': googleSubject({
    env: () => ({ METADATA_SERVER_DETECTION: 'assume-present' }),
    answer: (request, token) =>
      request.host === '169.254.169.254' && request.headers['metadata-flavor'] === 'Google'
        ? access(token)
        : unexpected(request),
    secrets: [],
  }),
};

/** Private registries on ECR, with keys from the environment. */
export async function ecrSubject(): Promise<CredentialsSubject> {
  const clock = clockOfNow();
  const env = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'hunter2', AWS_SESSION_TOKEN: 'session-3' };
  let authorizationToken = Buffer.from('AWS:ecr-password').toString('base64');
  const world = await cloud(clock, (request) =>
    request.host === 'api.ecr.eu-central-1.amazonaws.com'
      ? { json: { authorizationData: [{ authorizationToken, expiresAt: clock.now() / 1000 + 43_200 }] } }
      : unexpected(request),
  );
  return {
    ...subjectOf(ecr({ clock, env, home: await homeWith({}), fetch: world.fetch }), clock, world),
    change: () => void (authorizationToken = Buffer.from('AWS:other').toString('base64')),
    host: '123456789012.dkr.ecr.eu-central-1.amazonaws.com',
    expected: { kind: 'basic', username: 'AWS', password: 'ecr-password' },
    secrets: ['hunter2', 'session-3', authorizationToken],
  };
}

/** A registry on ACR, for an application with a secret. */
export async function acrSubject(): Promise<CredentialsSubject> {
  const clock = fakeClock();
  const env = { AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'app', AZURE_CLIENT_SECRET: 'hunter2' };
  let token = 'acr-refresh';
  const world = await cloud(clock, (request) => {
    const { host, path, body } = request;
    if (host === 'login.microsoftonline.com' && path === '/tenant/oauth2/v2.0/token')
      return { json: { access_token: 'aad-token', expires_in: 3600 } };
    if (host === 'acme.azurecr.io' && path === '/oauth2/exchange' && body.includes('access_token=aad-token'))
      return { json: { refresh_token: token } };
    return unexpected(request);
  });
  return {
    ...subjectOf(acr({ clock, env, fetch: world.fetch }), clock, world),
    change: () => void (token = 'acr-other'),
    host: 'acme.azurecr.io',
    expected: { kind: 'identity', username: '', token: 'acr-refresh' },
    secrets: ['hunter2', 'aad-token', 'acr-refresh'],
  };
}

function constant(source: CredentialSource, host: string, username: string, password: string): CredentialsSubject {
  return {
    source,
    host,
    clock: fakeClock(),
    expected: { kind: 'basic', username, password },
    asked: () => 0,
    change: () => {},
    refuse: () => {},
    secrets: [password],
  };
}

/** A workflow of GitHub. */
export async function ghcrSubject(): Promise<CredentialsSubject> {
  return constant(ghcr({ env: { GITHUB_TOKEN: 'ghs_1', GITHUB_ACTOR: 'octocat' } }), 'ghcr.io', 'octocat', 'ghs_1');
}

/** A job of a self-managed GitLab. */
export async function gitlabSubject(): Promise<CredentialsSubject> {
  const host = 'registry.gitlab.example:5050';
  const env = { CI_REGISTRY: host, CI_REGISTRY_USER: 'job', CI_REGISTRY_PASSWORD: 'glcbt-1', CI_JOB_TOKEN: 'other' };
  return constant(gitlab({ env }), host, 'job', 'glcbt-1');
}

/** An entry of Docker's configuration. */
export async function dockerSubject(): Promise<CredentialsSubject> {
  const auth = Buffer.from('me:hunter2').toString('base64');
  const home = await homeWith({ '.docker/config.json': { auths: { 'registry.example': { auth } } } });
  return constant(dockerConfig({ clock: fakeClock(), env: {}, home }), 'registry.example', 'me', 'hunter2');
}

/** A credential helper that records each call. */
export async function helperSubject(): Promise<CredentialsSubject> {
  const helper = (rest: string): string => `#!/bin/sh\ncat > /dev/null\necho asked >> "$HOME/asked"\n${rest}\n`;
  const home = await homeWith({
    '.docker/config.json': { credHelpers: { 'registry.example': 'test' } },
    'bin/docker-credential-test': helper(`echo '{"Username":"me","Secret":"hunter2"}'`),
    asked: '',
  });
  const env = { PATH: `${join(home, 'bin')}:/usr/bin:/bin`, HOME: home };
  return {
    ...constant(dockerConfig({ clock: fakeClock(), env, home }), 'registry.example', 'me', 'hunter2'),
    asked: () => readFileSync(join(home, 'asked'), 'utf8').split('\n').length - 1,
    change: () =>
      writeFile(join(home, 'bin/docker-credential-test'), helper(`echo '{"Username":"me","Secret":"other"}'`)),
    refuse: () =>
      writeFile(join(home, 'bin/docker-credential-test'), helper(`echo 'cannot: password=hunter2'; exit 1`)),
  };
}
