import { describe, expect, it } from 'vitest';
import { isOciAddress, parseOciAddress, parseRef } from './asked-ref.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('src/image/asked-ref', () => {
  it.each([
    ['registry.k8s.io/app', { repository: 'registry.k8s.io/app' }],
    ['localhost:5000/a/app', { repository: 'localhost:5000/a/app' }],
    ['localhost:5000/a/app:v1', { repository: 'localhost:5000/a/app', tag: 'v1' }],
    [`registry.k8s.io/app@${DIGEST}`, { repository: 'registry.k8s.io/app', digest: DIGEST }],
    [`registry.k8s.io/app:v1@${DIGEST}`, { repository: 'registry.k8s.io/app', tag: 'v1', digest: DIGEST }],
  ])('reads %s', (text, ref) => {
    expect(parseRef(text)).toEqual(ref);
  });

  it.each([
    '',
    'app',
    'registry.k8s.io',
    'registry.k8s.io:5000',
    'https://registry.k8s.io/app',
    'registry.k8s.io/App',
    'localhost:70000/app',
    '1.2.3/app:v1',
    'myorg/app:v1',
    'registry.k8s.io/app:',
    'registry.k8s.io/app:v1:v2',
    'registry.k8s.io/app@sha256:abc',
    `registry.k8s.io/app@${DIGEST}@${DIGEST}`,
  ])('rejects "%s"', (text) => {
    expect(parseRef(text)).toBeUndefined();
  });

  it.each([
    ['oci://localhost:5000/reports:run-1', { repository: 'localhost:5000/reports', tag: 'run-1' }],
    [`oci://prod.test/a/b@${DIGEST}`, { repository: 'prod.test/a/b', digest: DIGEST }],
  ])('reads the artifact %s', (text, ref) => {
    expect(parseOciAddress(text)).toEqual(ref);
  });

  it.each([
    'oci://',
    'oci://prod.test',
    'oci://prod.test/a',
    'oci://prod.test/a:',
    'oci://prod.test/A:x',
    'OCI://a/b:x',
  ])('rejects %s, which is not the path of a file either', (text) => {
    expect([isOciAddress(text), parseOciAddress(text)]).toEqual([true, undefined]);
  });

  it.each(['report.json', './oci/report.json', 'https://prod.test/a:x'])('takes %s for a path', (text) => {
    expect([isOciAddress(text), parseOciAddress(text)]).toEqual([false, undefined]);
  });
});
