import { describe, expect, it } from 'vitest';
import { givenSecrets } from './given-secrets.ts';

const hidden = (text: string, ...argv: readonly string[]): string => givenSecrets(argv, {}).hide(text);

describe('src/cli/given-secrets.ts', () => {
  it.each([[['--identity-token=my-very-own-token']], [['--identity-token', 'my-very-own-token']]])(
    'hides what is given where the file of a secret belongs: %j',
    (argv) => {
      expect(hidden('reading my-very-own-token: no such file', 'cip', ...argv)).toBe('reading …: no such file');
    },
  );

  it('hides no flag that stands behind one with a value, nor one without', () => {
    const text = 'No verification summaries, --verification-summaries';
    for (const before of ['--summary-identity-token=/run/token', '--key'])
      expect(hidden(text, 'cip', before, '--verification-summaries')).toBe(text);
  });
});
