import { describe, expect, it } from 'vitest';
import { givenSecrets } from './given-secrets.ts';

const hidden = (text: string, ...argv: readonly string[]): string => givenSecrets(argv, {}).hide(text);

describe('src/cli/given-secrets.ts', () => {
  it.each([[['--identity-token=my-very-own-token']], [['--identity-token', 'my-very-own-token']]])(
    'hides a secret passed instead of its path: %j',
    (argv) => {
      expect(hidden('reading my-very-own-token: no such file', 'cip', ...argv)).toBe('reading …: no such file');
    },
  );

  it('does not hide a flag that follows another flag', () => {
    const text = 'No verification summaries, --verification-summaries';
    for (const before of ['--summary-identity-token=/run/token', '--key'])
      expect(hidden(text, 'cip', before, '--verification-summaries')).toBe(text);
  });
});
