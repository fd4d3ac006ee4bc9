import { describe, expect, it } from 'vitest';
import { parsePackageUrl } from './package-url.ts';

describe('src/policy/vulnerabilities/package-url.ts', () => {
  it.each([
    ['pkg:apk/wolfi/git@2.39.0-r1?arch=x86_64', { type: 'apk', name: 'wolfi/git', version: '2.39.0-r1' }],
    [
      'pkg:golang/google.golang.org/grpc@v1.2.3#status',
      { type: 'golang', name: 'google.golang.org/grpc', version: 'v1.2.3' },
    ],
    ['pkg:npm/%40angular/core@16.0.0', { type: 'npm', name: '@angular/core', version: '16.0.0' }],
    ['pkg:npm/@angular/core@16.0.0', { type: 'npm', name: '@angular/core', version: '16.0.0' }],
    ['pkg:npm/@angular/core', { type: 'npm', name: '@angular/core' }],
    ['pkg:DEB/debian/libc6', { type: 'deb', name: 'debian/libc6' }],
    ['pkg:oci/app@sha256%3Aab?repository_url=x', { type: 'oci', name: 'app', version: 'sha256:ab' }],
  ])('reads %s', (text, parts) => {
    expect(parsePackageUrl(text)).toEqual(parts);
  });

  it.each(['', 'app', 'pkg:', 'pkg:oci', 'pkg:oci/', 'https://example.com/a', 'pkg:oci/%zz', 'pkg:oci/a@%zz'])(
    'takes %j for none',
    (text) => {
      expect(parsePackageUrl(text)).toBeUndefined();
    },
  );
});
