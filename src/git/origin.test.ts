import { describe, expect, it } from 'vitest';
import { publicUrl } from './origin.ts';

describe('src/git/origin.ts', () => {
  it.each([
    ['https://example.com/acme/images', 'https://example.com/acme/images'],
    ['https://user:secret@example.com:8443/a.git?x=secret#secret', 'https://example.com:8443/a.git'],
    ['https://secret@example.com/a', 'https://example.com/a'],
    ['git@example.com:acme/images.git', 'ssh://example.com/acme/images.git'],
    ['example.com:/srv/images', 'ssh://example.com/srv/images'],
    ['ssh://git:secret@example.com/a', 'ssh://example.com/a'],
  ])('shows %s as %s', (remote, shown) => {
    expect(publicUrl(remote)).toBe(shown);
  });

  it.each(['', '/srv/images.git', '../images', 'file:///srv/images', 'ext::sh -c evil', 'https://'])(
    'shows nothing of %j',
    (remote) => {
      expect(publicUrl(remote)).toBeUndefined();
    },
  );
});
