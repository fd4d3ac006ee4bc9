import { describe, expect, it } from 'vitest';
import { imageName } from './names.ts';
import { sharedName } from './shared-name.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('src/foreign/names.ts', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine', undefined],
    ['alpine:3.20', 'docker.io/library/alpine', '3.20'],
    ['grafana/loki:v1', 'docker.io/grafana/loki', 'v1'],
    ['index.docker.io/alpine', 'docker.io/library/alpine', undefined],
    ['localhost/app', 'localhost/app', undefined],
    ['registry:5000/hub/app:v1', 'registry:5000/hub/app', 'v1'],
    [`quay.io/a/b@${DIGEST}`, 'quay.io/a/b', undefined],
  ])('reads %s as Docker does', (text, repository, tag) => {
    expect(imageName(text)).toMatchObject({ repository, tag });
  });

  it.each(['ocidir://images/app', 'quay.io/App', 'quay.io/app:', 'quay.io/app@sha256:1', '', 'a.test'])(
    'refuses %j',
    (text) => {
      if (text !== 'a.test') expect(imageName(text)).toHaveProperty('problem');
      else expect(imageName(text)).toMatchObject({ repository: 'docker.io/library/a.test' });
    },
  );
});

describe('src/foreign/shared-name.ts', () => {
  it.each([
    ['docker.io/library/alpine', 'reg.test/hub/alpine', 'docker.io/library', 'reg.test/hub', 'alpine'],
    ['gcr.io/a/b', 'reg.test/gcr/a/b', 'gcr.io', 'reg.test/gcr', 'a/b'],
    ['a.test/x/web', 'b.test/x/web', 'a.test', 'b.test', 'x/web'],
    ['a.test/web', 'b.test/x/web', 'a.test', 'b.test/x', 'web'],
  ])('divides %s and %s before their common end', (from, to, source, destination, name) => {
    expect(sharedName(from, to)).toEqual({ source, destination, name });
  });

  it('returns undefined for an image that is renamed', () => {
    expect(sharedName('a.test/web', 'b.test/my-web')).toBeUndefined();
  });
});
