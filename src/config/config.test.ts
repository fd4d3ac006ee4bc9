import { describe, expect, it } from 'vitest';
import { compilePattern } from '../image/pattern.ts';
import { settingsFor, type RegistryConfig } from './config.ts';

const config: RegistryConfig = {
  publicNames: [],
  attachments: [],
  registries: ['us.pkg.dev', '*.pkg.dev', 'a.example:443', 'b.example', '127.0.0.1:*', 'docker.io'].map((text) => ({
    match: compilePattern(text),
  })),
};

const found = (origin: string, name?: string): string | undefined =>
  settingsFor(config, new URL(origin), name)?.match.text;

describe('src/config/config.ts', () => {
  it.each([
    ['https://us.pkg.dev', 'us.pkg.dev'],
    ['https://eu.pkg.dev', '*.pkg.dev'],
    ['https://a.example', 'a.example:443'],
    ['https://b.example', 'b.example'],
    ['http://127.0.0.1:5000', '127.0.0.1:*'],
    ['http://127.0.0.1', '127.0.0.1:*'],
    ['http://a.example', undefined],
    ['https://b.example:5000', undefined],
    ['https://pkg.dev.evil.example', undefined],
  ])('returns for %s the settings of %s', (origin, expected) => {
    expect(found(origin)).toBe(expected);
  });

  it('also matches the name that people use', () => {
    expect(found('https://registry-1.docker.io')).toBe(undefined);
    expect(found('https://registry-1.docker.io', 'docker.io')).toBe('docker.io');
  });
});
