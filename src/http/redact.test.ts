import { describe, expect, it } from 'vitest';
import { redactUrl } from './redact.ts';

const redacted = (url: string): string => redactUrl(new URL(url));

describe('src/http/redact.ts', () => {
  it('shows scheme, host, path and what the protocol itself puts into the query', () => {
    expect(redacted('https://host:5000/v2/a/tags/list?n=100&last=v1')).toBe(
      'https://host:5000/v2/a/tags/list?n=100&last=v1',
    );
    expect(redacted('https://host/token?service=s&scope=repository:a:pull')).toBe(
      'https://host/token?service=s&scope=repository:a:pull',
    );
  });

  it('hides users, fragments and all of the query that it does not know', () => {
    const shown = redacted(
      'https://me:hunter2@host/x?X-Amz-Signature=hunter2&digest=sha256:0&_state=hunter2&hunter2#hunter2',
    );
    expect(shown).toBe('https://host/x?digest=sha256:0&…');
  });
});
