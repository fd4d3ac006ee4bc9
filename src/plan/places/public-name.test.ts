import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../image/pattern.ts';
import { formerNamesOf, publicNameOf, type PublicName } from './public-name.ts';

const rules: readonly PublicName[] = (
  [
    ['*.pkg.dev/acme/prod', 'images.acme.dev'],
    ['eu.pkg.dev/acme', 'never.for.prod'],
    ['gcr.io', 'mirror.example/gcr'],
    ['quay.io/**/app', 'apps.example'],
    ['*.pkg.dev/k8s-artifacts-prod/images', 'kubernetes.example'],
  ] as const
).map(([match, name]) => ({ match: compilePattern(match), name }));

describe('src/plan/places/public-name.ts', () => {
  it.each([
    ['us.pkg.dev/acme/prod/sub/app', 'images.acme.dev/sub/app'],
    ['us.pkg.dev/acme/prod', 'images.acme.dev'],
    ['us.pkg.dev/acme/production/app', 'us.pkg.dev/acme/production/app'],
    ['eu.pkg.dev/acme/prod/app', 'images.acme.dev/app'],
    ['eu.pkg.dev/acme/test/app', 'never.for.prod/test/app'],
    ['gcr.io/project/app', 'mirror.example/gcr/project/app'],
    ['eu.gcr.io/project/app', 'eu.gcr.io/project/app'],
    ['quay.io/a/app/b/app', 'apps.example/b/app'],
    ['US.pkg.dev/acme/prod/app', 'images.acme.dev/app'],
    ['asia.pkg.dev/k8s-artifacts-prod/images/kube-proxy', 'kubernetes.example/kube-proxy'],
  ])('maps %s to %s by the rules of a configuration', (repository, expected) => {
    expect(publicNameOf(repository, rules)).toBe(expected);
  });

  it.each([
    ['us-central1-docker.pkg.dev/k8s-artifacts-prod/images/sub/app', 'registry.k8s.io/sub/app'],
    ['us-central1-docker.pkg.dev/k8s-artifacts-prod/images', 'registry.k8s.io'],
    ['us.gcr.io/k8s-artifacts-prod/app', 'us.gcr.io/k8s-artifacts-prod/app'],
    ['localhost:5000/prod/app', 'localhost:5000/prod/app'],
  ])('maps %s to %s like upstream', (repository, expected) => {
    expect(publicNameOf(repository)).toBe(expected);
  });

  it('returns the other names, current and former, of every matching rule', () => {
    const listed = [
      {
        match: compilePattern('b.example/prod'),
        name: 'new.example',
        formerNames: ['old.example/x', 'a.example/prod'],
      },
      { match: compilePattern('**.example'), name: 'other.example' },
      { match: compilePattern('c.example'), name: 'never.example' },
    ];
    const places = ['b.example/prod/app', 'a.example/prod/app'];
    expect(formerNamesOf(places, 'new.example/app', listed)).toEqual([
      'old.example/x/app',
      'a.example/prod/app',
      'other.example/prod/app',
    ]);
    expect(formerNamesOf(places, 'b.example/prod/app')).toEqual([]);
  });
});
