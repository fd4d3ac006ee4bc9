import { describe, expect, it } from 'vitest';
import { redactText, redactUrl } from './redact.ts';

const redacted = (url: string): string => redactUrl(new URL(url));

describe('src/http/redact.ts', () => {
  it("shows scheme, host, path and the protocol's own query parameters", () => {
    expect(redacted('https://host:5000/v2/a/tags/list?n=100&last=v1')).toBe(
      'https://host:5000/v2/a/tags/list?n=100&last=v1',
    );
    expect(redacted('https://host/token?service=s&scope=repository:a:pull')).toBe(
      'https://host/token?service=s&scope=repository:a:pull',
    );
  });

  it('hides users, fragments and unknown query parameters', () => {
    const shown = redacted(
      'https://me:hunter2@host/x?X-Amz-Signature=hunter2&digest=sha256:0&_state=hunter2&hunter2#hunter2',
    );
    expect(shown).toBe('https://host/x?digest=sha256:0&…');
  });

  it.each([
    'see https://me:hunter2@host/x?sig=hunter2#hunter2 for more',
    'see HTTPS://host/?X-Amz-Signature=hunter2.',
    'sent Authorization: Bearer hunter2hunter2',
    'sent basic aHVudGVyMg==hunter2',
    'client_secret=hunter2&grant_type=x',
    '{"refresh_token": "hunter2"}',
    "identitytoken='hunter2'",
    'assertion=hunter2',
    'aws_secret_access_key = hunter2',
    'X-Amz-Security-Token: hunter2',
    'token eyJhbGciOiJSUzI1NiJ9.hunter2.hunter2',
    '-----BEGIN RSA PRIVATE KEY----- hunter2 hunter2',
    'http://user:hunter2@:80/ is no address',
  ])('hides secrets in untrusted text: %s', (text) => {
    expect(redactText(text)).not.toContain('hunter2');
  });

  it('leaves other words unchanged, on one line', () => {
    const text = 'denied: the token of team\u202e-a has\n expired; ask https://host/help?n=1 (secret stays secret)';
    expect(redactText(text)).toBe(
      'denied: the token of team -a has expired; ask https://host/help?n=1 (secret stays secret)',
    );
  });
});
