import { describe, expect, it } from 'vitest';
import { bytesText, count, fold, shortDigests, table } from './layout.ts';

describe('src/text/layout.ts', () => {
  it.each([
    ['one two three', 13, ['one two three']],
    ['one two three', 12, ['one two', '  three']],
    ['    one two three four', 13, ['    one two', '      three', '      four']],
    ['a word-that-is-wider-than-all b', 10, ['a', '  word-that-is-wider-than-all', '  b']],
    ['', 10, ['']],
  ])('folds %j to %i columns at its spaces', (line, width, expected) => {
    expect(fold(line, width)).toEqual(expected);
  });

  it('folds to less than a terminal of 80 columns', () => {
    const lines = fold('word '.repeat(100).trim());
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(80);
    expect(lines.join(' ').split(/ +/)).toHaveLength(100);
  });

  it('aligns columns, without trailing spaces', () => {
    expect(
      table(
        [
          ['copy', 'a', ''],
          ['tag', 'longer', 'x'],
        ],
        '  ',
      ),
    ).toEqual(['  copy  a', '  tag   longer  x']);
    expect(table([], '  ')).toEqual([]);
  });

  it('formats a number with the singular or plural noun', () => {
    expect([count(0, 'image'), count(1, 'image'), count(45_628, 'image'), count(2, 'more', 'more')]).toEqual([
      '0 images',
      '1 image',
      '45,628 images',
      '2 more',
    ]);
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1_048_575, '1.0 MiB'],
    [2_831_156, '2.7 MiB'],
    [2 ** 40, '1.0 TiB'],
    [2 ** 52, '4096.0 TiB'],
  ])('formats %i bytes as %s', (bytes, expected) => {
    expect(bytesText(bytes)).toBe(expected);
  });

  it('shortens digests, and nothing that only looks like one', () => {
    const hex = 'ab3ca464bfbe7f3b'.repeat(4);
    expect(shortDigests(`app@sha256:${hex} is not sha512:${hex}${hex}`)).toBe(
      'app@sha256:ab3ca464bfbe… is not sha512:ab3ca464bfbe…',
    );
    expect(shortDigests('sha256:ab3ca464bfbe and sha256:v1')).toBe('sha256:ab3ca464bfbe and sha256:v1');
  });
});
