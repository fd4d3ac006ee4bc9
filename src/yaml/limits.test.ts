import { EVENT_ID, parseEvents } from 'js-yaml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml } from './document.ts';
import { estimateNodes, MAX_NODES } from './node-estimate.ts';
import { MOST_PROBLEMS, problemList } from './problem-list.ts';
import { lineAt, lineStarts } from './source-text.ts';

const MILLION = 1_000_000;
const whatIs = (text: string): string => {
  const parsed = parseYaml('f.yaml', text);
  return 'root' in parsed ? parsed.root.kind : parsed.message;
};

describe('src/yaml/document.ts, of the largest files', () => {
  it.each([
    ['a block', '- |\n', ' a\n', ''],
    ['a plain text', '- a\n', '  a\n', ''],
    ['a text in quotes', '- "\n', '  a\n', '  "\n'],
    ['a text beside a list that ends at the left', 'x: [\na\n]\nz: |\n', ' a\n', ''],
  ])('reads a million lines of %s', (_, head, line, tail) => {
    expect(whatIs(head + line.repeat(MILLION) + tail)).toMatch(/^(?:sequence|mapping)$/);
  });

  it.each([
    ['entries', '-\n'],
    ['keys', 'a: \n'],
    ['entries in brackets', ','],
    ['documents', '---\n'],
  ])('refuses more %s than a million before it parses them', (_, unit) => {
    expect(whatIs(unit.repeat(2 * MILLION))).toBe('the file has more than 900,000 entries');
  });

  it.each(['[', '{a: ', '- ', '? ', ': '])('bounds the depth of %j', (unit) => {
    expect(whatIs(unit.repeat(100_000))).toContain('nesting exceeded');
  });

  it('places empty entries of which none has a "-", however many', () => {
    expect(whatIs(`[${'!a ,'.repeat(400_000)}]`)).toBe('sequence');
  });

  it('parses a file a bounded number of times to repair its lines', () => {
    // each line would have to be repaired by itself
    expect(whatIs(`x: [\n${'a b,\n'.repeat(300_000)}]\n`)).toContain('deficient indentation');
  });
});

describe('src/yaml/node-estimate.ts', () => {
  it('is within a factor of three of what a parser makes', () => {
    const unit = fc.constantFrom(
      '-',
      '- ',
      '? ',
      ': ',
      'a',
      '"a"',
      '[',
      ']',
      '{',
      '}',
      ',',
      '\n',
      '  ',
      '!t ',
      '&a ',
      '---\n',
    );
    const text = fc.array(unit, { maxLength: 60 }).map((units) => units.join(''));
    fc.assert(
      fc.property(text, (written) => {
        let nodes = 0;
        try {
          nodes = parseEvents(written, { maxDepth: 50 }).filter(({ type }) => type !== EVENT_ID.POP).length;
        } catch {
          return;
        }
        expect(nodes).toBeLessThanOrEqual(3 * estimateNodes(written, MAX_NODES) + 1);
      }),
      { seed: 20261130, numRuns: 5000 },
    );
  });
});

describe('src/yaml/source-text.ts, of lines', () => {
  it('finds the lines that a regular expression finds', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('\n', '\r', 'a'), { maxLength: 5000 }), (units) => {
        const text = units.join('');
        const expected = [0, ...[...text.matchAll(/\r\n?|\n/g)].map((end) => end.index + end[0].length)];
        expect([...lineStarts(text)]).toEqual(expected);
      }),
      { seed: 20261130 },
    );
    expect(lineAt(lineStarts('\n'.repeat(3000)), 2500)).toBe(2500);
  });
});

describe('src/yaml/problem-list.ts', () => {
  const problem = (code: string, at: number) => ({ code, at, message: `${at}`, hint: 'h' });

  it('keeps the first, and counts the rest, also of lists that count theirs', () => {
    const [list, whole] = [problemList(), problemList()];
    for (let index = 0; index < MOST_PROBLEMS + 5000; index += 1) list.push(problem('a', index));
    expect([list.length, list.told().length]).toEqual([MOST_PROBLEMS + 5000, MOST_PROBLEMS + 1]);
    whole.push(problem('b', 0));
    for (const one of list.told()) whole.push(one);
    expect([whole.length, whole.told().length]).toEqual([MOST_PROBLEMS + 5001, MOST_PROBLEMS + 1]);
    expect(whole.told().at(-1)).toMatchObject({ message: '5,001 more problems from here on', more: 5001 });
  });

  it('says of what it counts the gravest', () => {
    const list = problemList<ReturnType<typeof problem>>(({ code }) => code === 'grave');
    for (let index = 0; index < MOST_PROBLEMS; index += 1) list.push(problem('light', index));
    expect(list.told()).toHaveLength(MOST_PROBLEMS);
    list.push(problem('light', -1));
    expect(list.told().at(-1)).toMatchObject({ code: 'light', message: '1 more problem from here on' });
    list.push(problem('grave', -2));
    expect(list.told().at(-1)).toMatchObject({ code: 'grave', at: -2 });
  });
});
