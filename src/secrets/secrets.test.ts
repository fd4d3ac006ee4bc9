import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goQuote } from '../text/go-quote.ts';
import { openSecrets, type Secrets } from './secrets.ts';

const knowing = (...texts: readonly string[]): Secrets => {
  const secrets = openSecrets();
  for (const text of texts) secrets.learn(text);
  return secrets;
};
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const SECRET = 'p&ss/w"rd <ü> 7%41\\n';
const PROPERTIES = { seed: 12, numRuns: 300 };

describe('src/secrets/secrets.ts', () => {
  it.each([
    ['itself', SECRET],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['percent-encoded twice, in lower case', encodeURIComponent(encodeURIComponent(SECRET)).toLowerCase()],
    ['in a form', new URLSearchParams({ x: SECRET }).toString().slice(2)],
    ['in JSON', JSON.stringify(SECRET)],
    ['in JSON with escapes', JSON.stringify(SECRET).replaceAll('<', '\\u003c').replaceAll('ü', '\\u00fc')],
    ['in JSON within JSON', JSON.stringify(JSON.stringify(SECRET))],
    ['in a line of the log', goQuote(SECRET)],
    ['in HTML', SECRET.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&#34;')],
    ['in Markdown', SECRET.replaceAll(/([<>&"%])/g, '\\$1')],
  ])('hides a secret %s', (_what, text) => {
    expect(knowing(SECRET).hide(`before ${text} after`)).toMatch(/^before "?(\\*")?…(\\*")?"? after$/);
  });

  it.each(['', 'me:', 'user:', 'longer:'])('hides the base64 of a secret after "%s"', (user) => {
    const secret = 'correct-horse-7';
    for (const text of [
      base64(user + secret),
      base64(`${user}${secret}:x`),
      Buffer.from(user + secret).toString('base64url'),
    ]) {
      const shown = knowing(secret).hide(`said ${text}.`);
      expect(shown).toContain('…');
      // The characters at the edges depend on the neighbours, too.
      expect(shown.length).toBeLessThan(`said ${base64(user)}…${base64(':x')}.`.length + 6);
    }
  });

  it('hides the base64 of a secret alone, and its hexadecimal form', () => {
    for (const secret of ['hunter2', 'hunter22', 'hunter222', 'a longer password of me'])
      for (const form of ['base64', 'base64url', 'hex'] as const)
        expect(knowing(secret).hide(`(${Buffer.from(secret).toString(form)})`)).toMatch(/^\(…=*\)$/);
  });

  it('shows secrets of fewer than 6 characters, and hides those of up to 7 as whole words only', () => {
    expect(knowing('a', 'abcde').hide('a banana, abcde')).toBe('a banana, abcde');
    expect(knowing('hunter2').hide('hunter2, "hunter2\\nhunter2" and hunter22')).toBe('…, "…\\n…" and hunter22');
    expect(knowing('hunter22').hide('xhunter22x')).toBe('x…x');
  });

  it('keeps JSON valid when a secret is at its edges', () => {
    const secret = '"quoted\\secret"';
    const text = JSON.stringify({ one: secret, two: `\n${secret}\n`, three: [`x\\${secret}`] });
    expect(() => JSON.parse(knowing(secret).hide(text)) as unknown).not.toThrow();
    expect(knowing(secret).hide(text)).not.toContain('quoted');
  });

  it('hides each line of a key, but not its PEM frame', () => {
    const key = `-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEHBG0w\n-----END PRIVATE KEY-----\n`;
    expect(knowing(key).hide(`${key} or ${key.replaceAll('\n', ' ')}`)).not.toMatch(/[MA][IG][GE]/);
    expect(knowing(key).hide('-----BEGIN PRIVATE KEY-----')).toBe('-----BEGIN PRIVATE KEY-----');
  });

  it('hides parts of a long secret', () => {
    const token = Array.from({ length: 400 }, (_, index) => `part-${index}`).join('.');
    const shown = knowing(token).hide(`cut: ${token.slice(0, 2000)}`);
    expect(shown.length).toBeLessThan('cut: …'.length + 16);
    expect(knowing(token).hide(token)).toBe('…');
  });

  it('shows digests and names, even if a server calls them tokens', () => {
    const digest = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const secrets = openSecrets();
    secrets.learnPassing(digest);
    secrets.learnPassing(`A1${'x'.repeat(30)}us-docker.pkg.dev/acme/prod/app1${'x'.repeat(32)}`);
    expect(secrets.hide(`app@sha256:${digest} ${digest}`)).toBe(`app@sha256:${digest} …`);
    expect(secrets.hide('us-docker.pkg.dev/acme/prod/app1')).toBe('us-docker.pkg.dev/acme/prod/app1');
  });

  it('drops the oldest tokens, and never a password', () => {
    const secrets = knowing('the-password-of-me');
    for (let index = 0; index < 40_000; index += 1) secrets.learnPassing(`token-number-${index}-`);
    const shown = secrets.hide('the-password-of-me token-number-0- token-number-1000- token-number-39999-');
    expect(shown).toBe('… token-number-0- token-number-1000- …');
    secrets.learnPassing('token-number-0-');
    expect(secrets.hide('token-number-0-')).toBe('…');
  });

  it('hides a split secret in a stream, and holds no complete line back', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constant('the-secret-word'),
            fc.constant('\n'),
            fc.string({ maxLength: 5 }).map((text) => text.replaceAll('\\', '/')),
          ),
          {
            maxLength: 30,
          },
        ),
        fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 30 }),
        (words, lengths) => {
          const text = words.join('');
          const secrets = knowing('the-secret-word');
          const stream = secrets.stream();
          let [shown, at] = ['', 0];
          for (let turn = 0; at < text.length; turn += 1) {
            const length = (lengths[turn % lengths.length] ?? 0) + 1;
            shown += stream.write(text.slice(at, at + length));
            at += length;
            expect(shown.split('\n').length).toBe(text.slice(0, at).split('\n').length);
          }
          expect(shown + stream.end()).toBe(text.replaceAll(/(?:the-secret-word)+/g, '…'));
        },
      ),
      PROPERTIES,
    );
  });

  it('hides secrets in lines longer than a block, without waiting for their end', () => {
    const secrets = knowing('the-secret-word');
    const stream = secrets.stream();
    const piece = `${'x'.repeat(4093)}the-secret-word`;
    let shown = '';
    for (let count = 0; count < 100; count += 1) shown += stream.write(piece);
    expect(shown.length).toBeGreaterThan(300_000);
    shown += stream.end();
    expect(shown).toBe(piece.replace('the-secret-word', '…').repeat(100));
    expect(secrets.hide(piece.repeat(100))).toBe(shown);
  });

  it('changes nothing without secrets', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(knowing('the-secret-word', '%&\\%41').hide(text)).toBe(text);
      }),
      PROPERTIES,
    );
  });

  it('hides every form of a secret', () => {
    const secret = fc
      .string({ unit: 'grapheme-ascii', minLength: 10, maxLength: 60 })
      .map((text) => text.trim())
      .filter((text) => /[A-Za-z0-9]{6}/.test(text));
    const form = fc.constantFrom(
      (text: string) => text,
      encodeURIComponent,
      (text: string) => JSON.stringify(text).slice(1, -1),
      (text: string) => encodeURIComponent(JSON.stringify(text).slice(1, -1)),
      (text: string) => JSON.stringify(encodeURIComponent(text)).slice(1, -1),
    );
    fc.assert(
      fc.property(secret, form, (text, escaped) => {
        expect(knowing(text).hide(`«${escaped(text)}»`)).toMatch(/^«(?:%5C|\\)*…(?:%5C|\\)*»$/);
      }),
      PROPERTIES,
    );
  });
});
