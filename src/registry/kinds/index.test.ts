import { describe, expect, it } from 'vitest';
import { kindNamed, kindOfHost, KINDS } from './index.ts';

describe('src/registry/kinds/index', () => {
  it.each([
    ['us-central1-docker.pkg.dev', 'artifact-registry'],
    ['europe-docker.pkg.dev:443', 'artifact-registry'],
    ['gcr.io', 'gcr'],
    ['EU.gcr.io', 'gcr'],
    ['docker.io', 'docker-hub'],
    ['index.docker.io', 'docker-hub'],
    ['registry-1.docker.io', 'docker-hub'],
    ['ghcr.io', 'ghcr'],
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'ecr'],
    ['123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'ecr'],
    ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'ecr'],
    ['123456789012.dkr-ecr.eu-west-1.on.aws', 'ecr'],
    ['acme.azurecr.io', 'acr'],
    ['registry.gitlab.com', 'gitlab'],
    ['quay.io', 'quay'],
    ['acme.jfrog.io', 'artifactory'],
    ['public.ecr.aws', 'generic'],
    ['127.0.0.1:5000', 'generic'],
  ])('returns %s for %s', (host, kind) => {
    expect(kindOfHost(host).name).toBe(kind);
  });

  it.each([
    'us-docker.pkg.dev.evil.com',
    'evil.com-docker.pkg.dev.',
    'xus-docker.pkg.dev:5000',
    'a.b-docker.pkg.dev',
    'gcr.io.evil.com',
    'notgcr.io',
    'docker.io.evil.com',
    'acme.azurecr.io.evil.com',
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.com',
    'ghcr.io:8443',
  ])('does not take %s for what it looks like', (host) => {
    expect(kindOfHost(host).name).toBe('generic');
  });

  it('lists each kind once, and returns it by name', () => {
    expect(KINDS.map(({ name }) => kindNamed(name))).toEqual(KINDS);
    expect(new Set(KINDS.map(({ name }) => name)).size).toBe(KINDS.length);
    expect(kindNamed('other')).toBeUndefined();
  });
});
