import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostileChallenge, hostileLink, hostileText, longTexts } from '../../test/support/fuzz/headers.ts';
import { retryAfter } from '../ratelimit/retry-after.ts';
import { registryMessage } from './response/error.ts';
import { chooseScheme, parseChallenges } from './auth/challenge.ts';
import { nextLink } from './link.ts';
import { redactText } from './redact.ts';
import { mergeScopes } from './scopes.ts';

const PROPERTIES = { seed: 1204, numRuns: 2000 };

/** In characters. What is read twice from each place takes 10^10 steps. */
const LONG = 100_000;

describe('src/http: hostile headers', () => {
  it('never throws on a challenge, and returns no more challenges than characters', () => {
    fc.assert(
      fc.property(hostileChallenge, (text) => {
        const challenges = parseChallenges([text]);
        expect(challenges.length).toBeLessThanOrEqual(Math.min(text.length, 20));
        chooseScheme(challenges);
      }),
      PROPERTIES,
    );
  });

  it('never throws on a link, and returns its target unchanged', () => {
    fc.assert(
      fc.property(hostileLink, (text) => {
        const target = nextLink(text);
        expect(text).toContain(target === undefined ? '' : `<${target}>`);
      }),
      PROPERTIES,
    );
  });

  it('never throws on an error text, and shows it on one short line', () => {
    fc.assert(
      fc.property(hostileText, fc.constantFrom('', 'text/plain', 'text/html', 'application/json'), (text, type) => {
        const words = registryMessage(text, type);
        expect(words.length).toBeLessThanOrEqual(301);
        expect(words).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      PROPERTIES,
    );
  });

  it.each([
    ['challenges', (text: string) => parseChallenges([text, `Bearer realm="${text}"`])],
    ['links', (text: string) => nextLink(text)],
    ['error texts', (text: string) => registryMessage(text, 'text/html') + redactText(text)],
    ['waits', (text: string) => retryAfter({ header: () => text, text: `retry after ${text}` }, 0)],
    ['scopes', (text: string) => mergeScopes(text.split(' '))],
  ])('reads %s in linear time', (_what, read) => {
    for (const text of longTexts(LONG)) expect(() => read(text)).not.toThrow();
  });
});
