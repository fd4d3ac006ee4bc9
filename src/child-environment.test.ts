import { describe, expect, it } from 'vitest';
import { helperEnvironment, scannerEnvironment } from './child-environment.ts';

/** What a job of CI has. */
const OURS = {
  PATH: '/bin',
  HOME: '/home/me',
  LANG: 'C.UTF-8',
  LC_ALL: 'C',
  TMPDIR: '/tmp',
  XDG_RUNTIME_DIR: '/run/user/1',
  https_proxy: 'http://proxy',
  NO_PROXY: 'internal',
  SSL_CERT_FILE: '/etc/ca.pem',
  DOCKER_CONFIG: '/docker',
};
const CLOUDS = {
  AWS_SECRET_ACCESS_KEY: 'aws',
  AWS_PROFILE: 'me',
  GOOGLE_APPLICATION_CREDENTIALS: '/adc.json',
  CLOUDSDK_CONFIG: '/gcloud',
  AZURE_CLIENT_SECRET: 'azure',
  MSI_SECRET: 'azure',
  GNUPGHOME: '/gnupg',
  PASSWORD_STORE_DIR: '/store',
  DBUS_SESSION_BUS_ADDRESS: 'unix:path=/bus',
  GITHUB_TOKEN: 'ghp',
  CI_JOB_TOKEN: 'gitlab',
  VAULT_TOKEN: 'vault',
  ACME_KEY: 'acme',
};
const OTHERS = {
  SIGSTORE_ID_TOKEN: 'token',
  COSIGN_PASSWORD: 'password',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'token',
  KPROMO_LIMITER: 'redis://:password@redis',
  NPM_TOKEN: 'npm',
  DATABASE_URL: 'postgres://me:password@db',
  LD_PRELOAD: '/evil.so',
  NODE_OPTIONS: '--require=/evil.js',
  GIT_DIR: '/evil',
};
const ALL = { ...OURS, ...CLOUDS, ...OTHERS };

const besides = (env: Readonly<Record<string, string>>): readonly string[] =>
  Object.keys(env).filter((name) => !(name in OURS));

describe('src/child-environment.ts', () => {
  it.each([
    ['gcloud', ['GOOGLE_APPLICATION_CREDENTIALS', 'CLOUDSDK_CONFIG']],
    ['gcr', ['GOOGLE_APPLICATION_CREDENTIALS', 'CLOUDSDK_CONFIG']],
    ['ecr-login', ['AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']],
    ['acr-env', ['AZURE_CLIENT_SECRET', 'MSI_SECRET']],
    ['pass', ['GNUPGHOME', 'PASSWORD_STORE_DIR', 'DBUS_SESSION_BUS_ADDRESS']],
    ['secretservice', ['DBUS_SESSION_BUS_ADDRESS']],
    ['osxkeychain', []],
    ['gitlab', ['CI_JOB_TOKEN']],
    ['ghcr-login', ['GITHUB_TOKEN']],
    ['vault-login', ['VAULT_TOKEN']],
    ['acme', ['ACME_KEY']],
    ['unknown', []],
  ])('passes docker-credential-%s the variables that it needs, and no others', (name, wanted) => {
    const env = helperEnvironment(name, ALL);
    expect(env).toMatchObject(OURS);
    expect(besides(env)).toEqual(wanted);
  });

  it('passes a scanner its settings and the variables of its helpers, and none of our secrets', () => {
    const env = scannerEnvironment('TRIVY_*', { ...ALL, TRIVY_CACHE_DIR: '/cache', GRYPE_DB: 'x' });
    expect(env).toMatchObject({ ...OURS, TRIVY_CACHE_DIR: '/cache', AWS_PROFILE: 'me', GNUPGHOME: '/gnupg' });
    expect(besides(env).filter((name) => name in OTHERS || /^(?:GRYPE|GITHUB|CI|VAULT|ACME)_/.test(name))).toEqual([]);
  });

  it('passes the variables that KPROMO_PASS_ENV names, but not KPROMO_PASS_ENV', () => {
    const env = helperEnvironment('unknown', { ...ALL, KPROMO_PASS_ENV: 'NPM_TOKEN, acme_*,*,' });
    expect(besides(env)).toEqual(['ACME_KEY', 'NPM_TOKEN']);
  });
});
