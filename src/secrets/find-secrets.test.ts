import { describe, expect, it } from 'vitest';
import { environmentSecrets, isTokenLike, jsonSecrets, loginsIn, misplacedSecrets } from './find-secrets.ts';

describe('src/secrets/find-secrets.ts', () => {
  it.each([
    ['GITHUB_TOKEN', 'ghp_0123456789abcdef', ['ghp_0123456789abcdef']],
    ['COSIGN_PASSWORD', 'hunter2', ['hunter2']],
    ['AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCY', ['wJalrXUtnFEMI/K7MDENG/bPxRfiCY']],
    ['TOKEN_OF_PROD', 'Zm9vYmFyYmF6cXV4MTIz', ['Zm9vYmFyYmF6cXV4MTIz']],
    ['HTTP_PROXY', 'me:hunter2@proxy:3128', ['me:hunter2', 'hunter2']],
    ['KPROMO_LIMITER', 'redis://:p%40ssword@redis', [':p%40ssword', 'p%40ssword']],
    ['DOCKER_AUTH_CONFIG', '{"auths":{"x":{"auth":"bWU6aHVudGVyMg=="}}}', ['bWU6aHVudGVyMg==', 'hunter2']],
    ['SOMETHING', 'eyJhbGciOiJub25lIn0.e30.c2ln', ['eyJhbGciOiJub25lIn0.e30.c2ln']],
  ])('finds the secret in %s=%s', (name, value, expected) => {
    expect(environmentSecrets({ [name]: value })).toEqual(expected);
  });

  it.each([
    ['TOKEN_AUDIENCE', 'sigstore'],
    ['CREDENTIAL_STORE', 'osxkeychain'],
    ['AWS_WEB_IDENTITY_TOKEN_FILE', '/var/run/secrets/token'],
    ['GOOGLE_APPLICATION_CREDENTIALS', '/home/me/key.json'],
    ['SSH_AUTH_SOCK', '/tmp/agent'],
    ['AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE'],
    ['USE_TOKEN', 'enabled'],
    ['CI_PASSWORD', 'short'],
    ['HOME', '/home/me'],
    ['JOB_NAME', 'post-promote-images'],
    ['GITHUB_SHA', '0123456789abcdef0123456789abcdef01234567'],
  ])('ignores the setting %s=%s', (name, value) => {
    expect(environmentSecrets({ [name]: value })).toEqual([]);
  });

  it.each(['promoted', 'UNSUPPORTED_MANIFEST', 'us-docker.pkg.dev/acme/prod', '2026', 'two words of it', 'short-1'])(
    'never treats %s as a token',
    (text) => {
      expect(isTokenLike(text)).toBe(false);
    },
  );

  it('finds logins in addresses, and secrets in JSON by their names', () => {
    expect(loginsIn('git clone https://token@git.example/x http://a:b@c/d')).toEqual(['token', 'a:b', 'b']);
    expect(jsonSecrets('{"a":{"client_secret":"abcdefgh"},"list":[{"token":"x".length}]}')).toEqual([]);
    expect(jsonSecrets('{"a":{"client_secret":"abcdefgh","token_url":"https://x"},"n":1}')).toEqual(['abcdefgh']);
  });

  it('finds secrets in values that should be names', () => {
    expect(misplacedSecrets('timeouts: {connect: "0123456789abcdef0123456789abcdef"}')).toEqual([
      '0123456789abcdef0123456789abcdef',
    ]);
    expect(misplacedSecrets('match: "*.pkg.dev", name: registry.k8s.io, ca: certificates/Our-Root-2026.pem')).toEqual(
      [],
    );
    expect(misplacedSecrets('/home/me/Folder-With-A-Long-Name-2026/x')).toEqual([]);
  });
});
