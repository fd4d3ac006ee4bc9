import { describe, expect, it } from 'vitest';
import { compilePattern } from '../image/pattern.ts';
import type { RegistrySettings } from './config.ts';
import { limitsDigest, reachOf } from './reach.ts';

const match = compilePattern('*.test');
const of = (settings: Partial<RegistrySettings>, env: Record<string, string> = {}): string =>
  reachOf({ registries: [{ match, ...settings }] }, env);

describe('src/config/reach.ts', () => {
  it.each<[string, Partial<RegistrySettings>, Record<string, string>]>([
    ['plain HTTP', { insecure: true }, {}],
    ['the kind', { kind: 'ecr' }, {}],
    ['how tags are listed', { listing: 'tags' }, {}],
    ['the certificates', { ca: 'PEM' }, {}],
    ['the source of credentials', { credentials: 'docker' }, {}],
    ['the proxy', { proxy: new URL('http://proxy.test:3128') }, {}],
    ['the proxy of the environment', {}, { https_proxy: 'proxy.test:3128' }],
    ['the exceptions from it', {}, { NO_PROXY: 'a.test' }],
  ])('returns another digest if %s changes', (_, settings, env) => {
    expect(of(settings, env)).not.toBe(of({}));
  });

  it('does not depend on limits, timeouts and passwords', () => {
    expect(of({ limits: { start: 5 }, timeouts: { idle: 1 } })).toBe(of({}));
    expect(of({ proxy: new URL('http://u:secret@proxy.test') })).toBe(of({ proxy: new URL('http://proxy.test') }));
    expect(of({}, { HTTPS_PROXY: 'http://u:secret@proxy.test' })).toBe(of({}, { HTTPS_PROXY: 'proxy.test' }));
  });

  it('returns another digest of the limits if one or the reach changes, in whatever order they are written', () => {
    const limits = (settings: Partial<RegistrySettings>): string =>
      limitsDigest({ registries: [{ match, ...settings }] }, {});
    const all = [{}, { limits: { start: 5 } }, { limits: { ceiling: 5 } }, { credentials: 'docker' } as const];
    expect(new Set(all.map(limits)).size).toBe(all.length);
    expect(limits({ limits: { start: 5, group: 'a' } })).toBe(limits({ limits: { group: 'a', start: 5 } }));
  });
});
