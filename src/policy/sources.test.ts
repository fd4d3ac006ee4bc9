import { describe, expect, it } from 'vitest';
import { isSource } from './sources.ts';

describe('src/policy/sources.ts', () => {
  it.each([
    ['github.com/acme/app', 'git+https://github.com/acme/app@refs/heads/main'],
    ['github.com/acme/app', 'https://github.com/acme/app.git#main:folder'],
    ['github.com/acme/app', 'github.com/acme/app'],
    ['git+https://github.com/acme/app', 'https://github.com/acme/app@v1'],
    ['https://github.com/acme/app/', 'git+https://github.com/acme/app.git'],
    ['GitHub.com/acme/app', 'git+https://github.com/acme/app'],
    ['HTTPS://github.com/acme/app', 'git+https://GITHUB.com/acme/app'],
    [' github.com/acme/app', 'git+https://github.com/acme/app'],
    ['git+https://github.com/acme/app', 'https://github.com/acme/app'],
  ])('takes %s for the repository of %s', (rule, source) => {
    expect(isSource(rule, source)).toBe(true);
  });

  it.each([
    ['github.com/acme/app', 'https://github.com/acme/app2'],
    ['github.com/Acme/app', 'https://github.com/acme/app'],
    ['gitlab.com/acme/app', 'https://github.com/acme/app'],
    ['https://github.com/acme/app', 'github.com/acme/app'],
    ['github.com/acme/app', 'https://github.com/acme/app/sub'],
    ['github.com/acme/app', 'https://github.com/acme'],
    ['github.com/acme/app', 'https://evil.example/github.com/acme/app'],
    ['github.com/acme/app', 'https://evil.example/x@github.com/acme/app'],
    ['github.com/acme/app', 'https://evil.example/x#https://github.com/acme/app'],
    ['github.com/acme/app', 'https://evil.example/x?a=github.com/acme/app'],
    ['github.com/acme/app', 'https://github.com@evil.example/acme/app'],
    ['https://github.com/acme/app', 'http://github.com/acme/app'],
    ['github.com/acme/app', ''],
    ['', ''],
    ['https://', 'https://@x'],
  ])('does not take %j for %j', (rule, source) => {
    expect(isSource(rule, source)).toBe(false);
  });
});
