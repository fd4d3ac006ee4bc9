import { dump } from 'js-yaml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parsePlain, type ParsedProject } from './parse.ts';

const REGISTRIES = 'registries: [{name: gcr.io/a, src: true}, {name: gcr.io/b}]\n';
const parse = (bytes: Uint8Array): ParsedProject => parsePlain('p', { file: 'f.yaml', bytes }, undefined);
const parseText = (text: string): ParsedProject => parse(new TextEncoder().encode(text));

const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,12}$/);
const image = fc.record({
  name: fc.stringMatching(/^[a-z0-9]{1,5}(\/[a-z0-9]{1,5}){0,2}$/),
  dmap: fc.dictionary(digest, fc.uniqueArray(tag, { maxLength: 4 }), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
});
const images = fc.array(image, { maxLength: 5 });

/** Returns the text at a position, without its quotation mark. */
const textAt = (text: string, { line, column }: { line: number; column: number }): string => {
  const rest = text.split(/\r\n?|\n/)[line - 1]?.slice(column - 1) ?? '';
  return /^["']/.test(rest) ? rest.slice(1) : rest;
};

/** The ways in which people write a list of tags. */
const STYLES: Readonly<Record<string, (tags: readonly string[]) => string>> = {
  flow: (tags) => ` [${tags.map((name) => `"${name}"`).join(', ')}]`,
  single: (tags) => ` [${tags.map((name) => `'${name}'`).join(',')}, ]`.replace('[, ]', '[]'),
  block: (tags) => (tags.length === 0 ? '' : `\n${tags.map((name) => `    - "${name}"`).join('\n')}`),
  closed: (tags) => ` [\n${tags.map((name) => `      "${name}",\n`).join('')}    ]`,
  ragged: (tags) => ` [\n${tags.map((name) => `  "${name}", # why\n`).join('')}]`,
};

describe('src/manifest properties', () => {
  it('reads back what was written, whatever the style, and points at it', () => {
    const style = fc.constantFrom(...Object.values(STYLES));
    const ending = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(images, fc.infiniteStream(style), ending, fc.boolean(), (list, styles, eol, mark) => {
        const lines = list.map(({ name, dmap }) => {
          const digests = Object.entries(dmap).map(
            ([key, tags]) => `    "${key}":${(styles.next().value ?? expect.fail())(tags)}\n`,
          );
          return `- name: "${name}"\n  dmap:\n${digests.join('')}`;
        });
        const text = `${REGISTRIES}images:${list.length === 0 ? ' []' : ''}\n${lines.join('')}`.replaceAll('\n', eol);
        const { project, problems } = parseText(mark ? `\uFEFF${text}` : text);
        expect(problems).toEqual([]);
        expect(
          project?.images.map(({ name, digests }) => ({
            name,
            dmap: Object.fromEntries(digests.map((entry) => [entry.digest, entry.tags])),
          })),
        ).toEqual(list);
        for (const entry of project?.images ?? []) {
          expect(textAt(text, entry.position).startsWith(entry.name)).toBe(true);
          for (const { digest: written, position, tags, tagPositions } of entry.digests) {
            expect(textAt(text, position).startsWith(written)).toBe(true);
            for (const [index, name] of tags.entries())
              expect(textAt(text, tagPositions[index] ?? position).startsWith(name)).toBe(true);
          }
        }
      }),
    );
  });

  it('reads back what a YAML writer made of it', () => {
    fc.assert(
      fc.property(images, (list) => {
        const { project } = parseText(`${REGISTRIES}${dump({ images: list })}`);
        expect(project?.images.map(({ name }) => name)).toEqual(list.map(({ name }) => name));
        expect(project?.images.flatMap(({ digests }) => digests.map(({ tags }) => tags))).toEqual(
          list.flatMap(({ dmap }) => Object.values(dmap)),
        );
      }),
    );
  });

  // Every outcome is one of these two, and each problem stands inside the file.
  const expectHandled = (text: string, { project, problems }: ParsedProject): void => {
    expect(project !== undefined || problems.length > 0).toBe(true);
    const lines = text.split(/\r\n?|\n/);
    for (const { position, message, hint } of problems) {
      expect(position.line).toBeLessThanOrEqual(lines.length);
      expect(position.column).toBeLessThanOrEqual((lines[position.line - 1] ?? '').length + 2);
      expect(message).not.toBe('');
      expect(hint).not.toBe('');
    }
  };

  it('never throws, whatever the text', () => {
    const yamlish = fc
      .array(
        fc.constantFrom(
          ...'-:?[]{},#&*!|>\'"%@`\n\r\t ~0'.split(''),
          '\n',
          '  ',
          '- ',
          ': ',
          '<<: ',
          '&a ',
          '*a',
          '!!int ',
          '---\n',
          'name: ',
          'dmap:',
          'images:\n',
          'registries:\n',
          `sha256:${'a'.repeat(64)}`,
          '\0',
          '\uFEFF',
          '\u2028',
          '\\',
          'é',
          '\uD83D',
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.oneof(
          yamlish,
          fc.string({ unit: 'binary' }),
          yamlish.map((text) => `${REGISTRIES}images:\n${text}`),
        ),
        (text) => {
          expectHandled(new TextDecoder().decode(new TextEncoder().encode(text)), parseText(text));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expectHandled(new TextDecoder().decode(bytes), parse(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  const bomb = [
    '- &a0 [x, x, x, x, x, x, x, x, x, x]',
    ...Array.from({ length: 20 }, (_, level) => `- &a${level + 1} [${`*a${level}, `.repeat(10)}]`),
  ].join('\n');
  it.each([
    ['flow lists', '['.repeat(1_000_000)],
    ['flow mappings', '{a: '.repeat(300_000)],
    ['block lists', '- '.repeat(300_000)],
    ['explicit keys', '? '.repeat(300_000)],
    ['an alias bomb', bomb],
    ['an alias in its own value', 'registries: &a [*a]'],
    ['a merge of itself', 'registries: &a {<<: *a}'],
    ['a NUL', `${REGISTRIES}\0`],
    ['UTF-16', '\uFFFEr\0e\0g\0'],
    ['brackets that never close', `${REGISTRIES}images:\n${`- dmap: {a: [\n]\n`.repeat(20_000)}`],
    ['lists closed too far left', `${REGISTRIES}images:\n${`- dmap:\n    a: [\n    {b: c}\n]\n`.repeat(5_000)}`],
    // what takes exponential or quadratic time here does not end before the test's time limit
  ])('refuses %s before the time limit', (_, text) => {
    const { project, problems } = parseText(text);
    expect(project).toBeUndefined();
    expect(problems[0]?.code).toBe('MANIFEST_INVALID');
  });

  it('accepts aliases that represent as many nodes as a real tree', () => {
    const digests = Array.from(
      { length: 200 },
      (_, index) => `    "sha256:${index.toString(16).padStart(64, '0')}": [v1]\n`,
    );
    const shared = `${REGISTRIES}images:\n- name: first\n  dmap: &d\n${digests.join('')}${Array.from({ length: 100 }, (_, index) => `- {name: i${index}, dmap: *d}\n`).join('')}`;
    const { project, problems } = parseText(shared);
    expect(problems).toEqual([]);
    expect(project?.images).toHaveLength(101);
  });
});
