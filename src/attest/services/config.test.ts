import { describe, expect, it } from 'vitest';
import { chooseServices, readSigningConfig, type SigningConfig } from './config.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const service = (url: string, majorApiVersion: number, start: string, end?: string): object => ({
  url,
  majorApiVersion,
  operator: 'x',
  validFor: { start, ...(end !== undefined && { end }) },
});
const past = '2024-01-01T00:00:00Z';

function config(parts: Readonly<Record<string, readonly object[]>>): SigningConfig {
  const mediaType = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';
  return readSigningConfig({ mediaType, rekorTlogConfig: { selector: 'ANY' }, ...parts }, 'of the test');
}

describe('src/attest/services/config.ts', () => {
  it('selects the newest valid service with a known version', () => {
    const parts = config({
      caUrls: [
        service('https://old', 1, past),
        service('https://new', 1, '2025-01-01T00:00:00Z'),
        service('https://over', 1, '2026-01-01T00:00:00Z', '2026-06-01T00:00:00Z'),
        service('https://future', 1, '2099-01-01T00:00:00Z'),
        service('https://unknown', 3, '2026-01-01T00:00:00Z'),
      ],
    });
    expect(chooseServices(parts, {}, NOW)).toEqual({ fulcio: new URL('https://new') });
  });

  it('prefers Rekor v1, and selects v2 on request or if it is the only one', () => {
    const one = service('https://one', 1, past);
    const two = service('https://two', 2, '2026-01-01T00:00:00Z');
    const tsaUrls = [service('https://tsa/api/v1/timestamp', 1, past)];
    const both = config({ rekorTlogUrls: [two, one], tsaUrls });
    expect(chooseServices(both, {}, NOW).rekor).toEqual({ url: new URL('https://one'), version: 1 });
    expect(chooseServices(both, { rekorVersion: 2 }, NOW)).toEqual({
      rekor: { url: new URL('https://two'), version: 2 },
      timestamp: new URL('https://tsa/api/v1/timestamp'),
    });
    expect(chooseServices(config({ rekorTlogUrls: [two], tsaUrls }), {}, NOW).rekor?.version).toBe(2);
  });

  it('prefers the flags', () => {
    const parts = config({
      caUrls: [service('https://ca', 1, past)],
      rekorTlogUrls: [service('https://log', 1, past)],
    });
    const flags = {
      fulcioUrl: new URL('https://f'),
      rekorUrl: new URL('https://r'),
      timestampUrl: new URL('https://t'),
    };
    expect(chooseServices(parts, { ...flags, rekorVersion: 2 }, NOW)).toEqual({
      fulcio: flags.fulcioUrl,
      rekor: { url: flags.rekorUrl, version: 2 },
      timestamp: flags.timestampUrl,
    });
  });

  it.each([
    [{ rekorUrl: new URL('https://r'), rekorVersion: 2 } as const, 'no timestamp authority'],
    [{ rekorVersion: 2 } as const, 'no Rekor v2'],
  ])('rejects %o without what it needs', (flags, words) => {
    expect(() => chooseServices(config({ rekorTlogUrls: [service('https://r', 1, past)] }), flags, NOW)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(words) }),
    );
  });

  it.each([{}, null, { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json' }])(
    'rejects %o as a signing configuration',
    (value) => {
      expect(() => readSigningConfig(value, 'x.json')).toThrow(expect.objectContaining({ code: 'TRUST_ROOT' }));
    },
  );
});
