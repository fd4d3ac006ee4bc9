import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PASSES, type ErrorCode } from '../../errors.ts';
import { explanationText } from './explain.ts';

const CODES = Object.keys(PASSES);

describe('src/cli/commands/explain.ts', () => {
  it.each(CODES)('explains %s in two sentences of plain text', (code) => {
    const [name, happened, remedy, ...rest] = explanationText(code.toLowerCase()).split('\n');
    expect(name?.split(', ')).toContain(code);
    expect([happened, remedy, rest]).toEqual([
      expect.stringMatching(/^ {2}\S/),
      expect.stringMatching(/^ {2}What to do: \S/),
      PASSES[code as ErrorCode] ? [expect.stringMatching(/^ {2}Exit code: 75 /), ''] : [''],
    ]);
    expect(`${happened}${remedy}`).not.toMatch(/\]\(|\|/);
  });

  it('keeps the paths of linked pages', () => {
    expect(explanationText('UNSIGNED')).toContain('Checking signatures (docs/sigcheck.md)');
    expect(explanationText('POLICY_INVALID')).toContain('(docs/policy.md)');
  });

  it('names the codes of exit code 75 in the documentation', () => {
    const page = readFileSync(new URL('../../../docs/problems.md', import.meta.url), 'utf8');
    const [, , list = ''] = (page.split('## Troubles that may pass')[1] ?? '').split('\n\n');
    const named = [...list.matchAll(/`([A-Z_]+)`/g)].map(([, code = '']) => code);
    expect(new Set(named)).toEqual(new Set(CODES.filter((code) => PASSES[code as ErrorCode])));
  });

  it('explains all codes without an argument', () => {
    const all = explanationText();
    for (const code of CODES) expect(all).toContain(code);
  });

  it.each([
    ['TAG_MVOE', 'did you mean TAG_MOVE?'],
    ['nothing', '`kpromo explain` lists all codes'],
  ])('rejects the code %s', (code, hint) => {
    expect(() => explanationText(code)).toThrow(expect.objectContaining({ code: 'USAGE', hint }));
  });
});
