import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../events.ts';
import { fitted, fittedSummaries } from './fitted.ts';

const LINE = `  ${'word '.repeat(30).trim()}`;
const at = (columns: number | undefined) => ({ columns: () => columns });

describe('src/cli/output/fitted.ts', () => {
  it.each([40, 80, 200])('wraps lines to the %i columns of a terminal', (columns) => {
    const lines = fitted(`${LINE}\nshort\n`, at(columns)).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines.slice(-2)).toEqual(['short', '']);
    expect(lines.join(' ').split(/\s+/)).toHaveLength(LINE.split(/\s+/).length + 2);
  });

  it('does not wrap lines without a terminal', () => {
    for (const output of [at(undefined), {}]) expect(fitted(`${LINE}\n`, output)).toBe(`${LINE}\n`);
  });

  it('wraps summaries, and passes on other events unchanged', () => {
    const events: RunEvent[] = [];
    const narrate = fittedSummaries((event) => void events.push(event), at(40));
    narrate({ type: 'log', level: 'info', message: LINE });
    narrate({ type: 'summary', text: LINE, fields: {} });
    expect(events).toEqual([
      { type: 'log', level: 'info', message: LINE },
      { type: 'summary', text: fitted(LINE, at(40)), fields: {} },
    ]);
  });
});
