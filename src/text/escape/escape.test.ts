import fc from 'fast-check';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { HOSTILE } from '../../../test/support/reports.ts';
import { visible } from './hidden.ts';
import { embeddedJson } from './embedded.ts';
import { jsonText } from '../../image/json-text.ts';
import { markdownBlock, markdownCode } from './markdown.ts';
import { terminalText } from './terminal.ts';
import { annotationCommand } from './workflow.ts';
import { xmlText } from './xml.ts';

/** Any text, often made of what means something in one of the formats. */
const foreign = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(...HOSTILE),
  fc
    .array(
      fc.constantFrom(
        ...'`*_[]()!<>&|~\\#@:%,-=+."\'\n\r\t \u001b\u0085\u2028\u202ea1'.split(''),
        '://',
        '::',
        '##[',
        '<!--',
      ),
    )
    .map((parts) => parts.join('')),
);

describe('src/text/escape/terminal.ts', () => {
  it('contains no control, format or half character, and no line break', () => {
    fc.assert(
      fc.property(foreign, (text) => {
        expect(terminalText(text)).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
        expect(terminalText(` ${text}`)).not.toMatch(/^\s*::|##\[/);
      }),
    );
  });

  it('starts no command of GitHub Actions', () => {
    expect(terminalText('  ::error::x')).toBe('  \\x3a:error::x');
    expect(terminalText('a ###[error] ::b')).toBe('a ##\\x23[error] ::b');
  });

  it('escapes tags and variation selectors, which can hide whole texts', () => {
    expect(terminalText('a\u{e0041}\u{e007f}b\u{e0101}')).toBe('a\\U000e0041\\U000e007fb\\U000e0101');
  });

  it('escapes unsafe characters, and keeps all others', () => {
    expect(terminalText('a\u001b[2J b\nc \u202eé 漢字 🎉')).toBe('a\\x1b[2J b c \\u202eé 漢字 🎉');
  });
});

describe('src/text/escape/workflow.ts', () => {
  const place = { level: 'error', line: 1, column: 2 } as const;

  it('writes one command on one line, with the given values', () => {
    fc.assert(
      fc.property(foreign, foreign, foreign, (file, title, message) => {
        const command = annotationCommand({ ...place, file, title, message });
        expect(command.trimEnd().split(/[\r\n]/)).toHaveLength(1);
        const shown = { file: shownLines(file), title: shownLines(title), message: shownLines(message) };
        expect(readCommand(command)).toEqual({ name: 'error', line: '1', col: '2', ...shown });
        expect(command.slice(0, -1)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

function shownLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split(/[\r\n]/)
    .map(visible)
    .join('\n');
}

/** What the runner makes of a line: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs */
function readCommand(line: string): Record<string, string | undefined> {
  const [, name, properties = '', message = ''] = /^::(\w+) ([^]*?)::([^]*)\n$/.exec(line) ?? [];
  const data = (text: string): string => text.replaceAll('%0A', '\n').replaceAll('%25', '%');
  const property = (text: string): string => data(text.replaceAll('%3A', ':').replaceAll('%2C', ','));
  const pairs = properties
    .split(',')
    .map((pair) => [pair.split('=', 1)[0], property(pair.slice(pair.indexOf('=') + 1))]);
  return { name, ...Object.fromEntries(pairs), message: data(message) };
}

describe('src/text/escape/markdown.ts', () => {
  const html = (text: string): string => micromark(text, { extensions: [gfm()], htmlExtensions: [gfmHtml()] });

  it('renders as code only, in a sentence, a list and a table', () => {
    fc.assert(
      fc.property(foreign, (text) => {
        const code = markdownCode(text);
        const inside = '(?:<code>[^<]*</code>|–)';
        expect(html(`a ${code} b ${code}`)).toMatch(new RegExp(`^<p>a ${inside} b ${inside}</p>$`));
        expect(html(`- a\n  ${code}`)).toMatch(new RegExp(`^<ul>\n<li>a\n${inside}</li>\n</ul>$`));
        const table = html(`| h | i |\n|---|---|\n| ${code} | x |`);
        expect(table).toMatch(new RegExp(`<td>${inside}</td>\n<td>x</td>`));
      }),
    );
  });

  it('keeps the text, cut to the given length', () => {
    expect(markdownCode('registry.k8s.io/app:v1')).toBe('`registry.k8s.io/app:v1`');
    expect(markdownCode('a`b``c|d\n')).toBe('```a`b``c¦d```');
    expect(markdownCode('12345', 4)).toBe('`123…`');
    expect(markdownCode('12🎉45', 4)).toBe('`12…`');
    expect(markdownCode(' \n')).toBe('–');
  });
});

describe('src/text/escape/markdown.ts, a block', () => {
  it('renders as one block of code within its limit, whatever its lines contain', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(foreign, fc.constantFrom('```', '`````x', '~~~', '</pre>'))), (lines) => {
        const block = markdownBlock(lines.join('\n'), 2_000);
        expect(block.length).toBeLessThanOrEqual(2_000);
        const html = micromark(block, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });
        expect(html.match(/<[^>]*>/g)).toEqual(['<pre>', '<code class="language-text">', '</code>', '</pre>']);
      }),
    );
  });

  it('counts the omitted lines', () => {
    expect(markdownBlock('a\n'.repeat(500), 200)).toMatch(/^```text\n(?:a\n)+… and \d+ more lines\n```$/);
  });
});

describe('src/text/escape/xml.ts', () => {
  it('survives a parser, except characters that XML cannot represent', () => {
    fc.assert(
      fc.property(foreign, (text) => {
        let read = '';
        let attribute: string | undefined;
        const parser = new SaxesParser();
        parser.on('error', (error) => {
          throw error;
        });
        parser.on('text', (part) => (read += part));
        parser.on('opentag', (tag) => (attribute = tag.attributes['a']));
        parser.write(`<x a="${xmlText(text)}">${xmlText(text)}</x>`).close();
        const sayable = text
          .toWellFormed()
          .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
        expect([read, attribute]).toEqual([sayable, sayable]);
      }),
    );
  });
});

/** What no output shows as it is. */
const ACTING = /##\[|[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}]/u;

describe('src/image/json-text.ts', () => {
  const hidden = fc.constantFrom(
    '\u202e',
    '\u2066',
    '\u{e0041}',
    '\u{e007f}',
    '\u200b',
    '\u009b',
    '##[error]',
    '::error::',
    '\u{1f389}',
  );

  it('keeps the value, without hidden characters, direction changes or commands', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(foreign, hidden)), fc.constantFrom(undefined, 2), (texts, indent) => {
        const value = { texts, [texts.join('')]: 1 };
        const json = jsonText(value, indent);
        expect(JSON.parse(json)).toEqual(value);
        expect(json).not.toMatch(ACTING);
        expect(json).not.toMatch(/^\s*::/m);
      }),
    );
  });

  it('contains no hidden characters, direction changes or commands in XML', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(foreign, hidden)), (texts) => {
        expect(xmlText(texts.join(''))).not.toMatch(ACTING);
        expect(xmlText(texts.join(''))).not.toMatch(/^\s*::/);
      }),
    );
  });
});

describe('src/text/escape/embedded.ts', () => {
  it('keeps the JSON, without any character that HTML interprets', () => {
    fc.assert(
      fc.property(foreign, (text) => {
        const json = embeddedJson({ [text]: [text] });
        expect(json).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(json)).toEqual({ [text]: [text] });
      }),
    );
  });
});
