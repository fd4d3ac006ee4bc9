import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mastermindsRange } from './masterminds-range.ts';
import { regclientRange } from './regclient-range.ts';

const TAGS: readonly string[] = [
  '1',
  '1.2',
  'v1.2.3',
  '1.2.3-rc.1',
  '1.2.3-rc.10',
  '1.2.4',
  '0.0.0',
  '0.0.3',
  '0.2.3',
  '0.3.0',
  '2.0.0',
  '3.12',
  '3.13.1',
  '11.1.0',
  '12.0.0',
  'latest',
  '1.2.3.4',
  '01.2',
  '1.2.3-01',
];

type Range = (text: string) => ((tag: string) => boolean) | undefined;

function selected(range: Range, text: string): string | undefined {
  const matches = range(text);
  return matches && TAGS.filter(matches).join(' ');
}

describe('src/foreign/versions/masterminds-range.ts', () => {
  // the answers of github.com/Masterminds/semver v3.4.0
  it.each([
    ['>= 3.12.0', '3.12 3.13.1 11.1.0 12.0.0'],
    ['3.12 - 3.13', '3.12 3.13.1'],
    ['1.2.x', '1.2 v1.2.3 1.2.4 01.2'],
    ['1.x', '1 1.2 v1.2.3 1.2.4 01.2'],
    ['*', '1 1.2 v1.2.3 1.2.4 0.0.0 0.0.3 0.2.3 0.3.0 2.0.0 3.12 3.13.1 11.1.0 12.0.0 01.2'],
    ['~1.2', '1.2 v1.2.3 1.2.4 01.2'],
    ['~1', '1 1.2 v1.2.3 1.2.4 01.2'],
    ['~1.2.3', 'v1.2.3 1.2.4'],
    ['^1.2.3', 'v1.2.3 1.2.4'],
    ['^0.2.3', '0.2.3'],
    ['^0.0.3', '0.0.3'],
    ['^0.0', '0.0.0 0.0.3'],
    ['^0', '0.0.0 0.0.3 0.2.3 0.3.0'],
    ['>11', '12.0.0'],
    ['>11.1', '12.0.0'],
    ['<=1', '1 1.2 v1.2.3 1.2.4 0.0.0 0.0.3 0.2.3 0.3.0 01.2'],
    ['<=0.2', '0.0.0 0.0.3 0.2.3'],
    ['>*', '1 1.2 v1.2.3 1.2.4 0.0.3 0.2.3 0.3.0 2.0.0 3.12 3.13.1 11.1.0 12.0.0 01.2'],
    ['!=1', '0.0.0 0.0.3 0.2.3 0.3.0 2.0.0 3.12 3.13.1 11.1.0 12.0.0'],
    ['!=1.2', '1 0.0.0 0.0.3 0.2.3 0.3.0 2.0.0 3.12 3.13.1 11.1.0 12.0.0'],
    ['!=1.2.3', '1 1.2 1.2.4 0.0.0 0.0.3 0.2.3 0.3.0 2.0.0 3.12 3.13.1 11.1.0 12.0.0 01.2'],
    ['<2', '1 1.2 v1.2.3 1.2.4 0.0.0 0.0.3 0.2.3 0.3.0 01.2'],
    ['=1.2.3', 'v1.2.3'],
    ['1', '1 1.2 v1.2.3 1.2.4 01.2'],
    ['>=1.2, <2 || 3.x', '1.2 v1.2.3 1.2.4 3.12 3.13.1 01.2'],
    ['>=1.2.3-0', 'v1.2.3 1.2.3-rc.1 1.2.3-rc.10 1.2.4 2.0.0 3.12 3.13.1 11.1.0 12.0.0'],
    ['^1.2.3-rc.2', 'v1.2.3 1.2.3-rc.10 1.2.4'],
    ['=> 2', '2.0.0 3.12 3.13.1 11.1.0 12.0.0'],
    ['~> 1.2', '1.2 v1.2.3 1.2.4 01.2'],
    ['v1.2', '1.2 v1.2.3 1.2.4 01.2'],
    ['abc', undefined],
    ['', undefined],
    ['>=', undefined],
  ])('selects by %j the tags that Skopeo selects', (text, expected) => {
    expect(selected(mastermindsRange, text)).toBe(expected);
  });
});

describe('src/foreign/versions/regclient-range.ts', () => {
  // the answers of github.com/regclient/regclient v0.11.7
  it.each([
    ['>=1.0 <2', '1 1.2 v1.2.3 1.2.3-rc.1 1.2.3-rc.10 1.2.4 1.2.3.4 01.2 1.2.3-01'],
    ['^1.2', '1.2 v1.2.3 1.2.3-rc.1 1.2.3-rc.10 1.2.4 1.2.3.4 01.2 1.2.3-01'],
    ['^0.2.3', '0.2.3'],
    ['^0.0.3', '0.0.3'],
    ['~1.2', '1.2 v1.2.3 1.2.3-rc.1 1.2.3-rc.10 1.2.4 1.2.3.4 01.2 1.2.3-01'],
    ['=1.2', '1.2 01.2'],
    ['1.2.3', 'v1.2.3'],
    ['>=1.2.3-rc.2', 'v1.2.3 1.2.3-rc.1 1.2.3-rc.10 1.2.4 2.0.0 3.12 3.13.1 11.1.0 12.0.0 1.2.3.4'],
    ['>1.2.3-rc.1 <1.2.3', ''],
    ['<1', '0.0.0 0.0.3 0.2.3 0.3.0'],
    ['<=3.12', '1 1.2 v1.2.3 1.2.3-rc.1 1.2.3-rc.10 1.2.4 0.0.0 0.0.3 0.2.3 0.3.0 2.0.0 3.12 1.2.3.4 01.2 1.2.3-01'],
    ['>11.1', '12.0.0'],
    ['v1.2.3', 'v1.2.3'],
    ['1.x', undefined],
    ['>= 1', undefined],
    ['', undefined],
    ['^x', undefined],
  ])('selects by %j the tags that regsync selects', (text, expected) => {
    expect(selected(regclientRange, text)).toBe(expected);
  });
});

describe.each([
  ['mastermindsRange', mastermindsRange],
  ['regclientRange', regclientRange],
])('%s', (_, range: Range) => {
  const version = fc.tuple(fc.nat(30), fc.nat(30), fc.nat(30)).map((parts) => parts.join('.'));

  it('never throws, and selects with ">=" and "<" each version once', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, tag) => {
        expect(() => range(text)?.(tag)).not.toThrow();
      }),
    );
    fc.assert(
      fc.property(version, version, (bound, tag) => {
        expect(range(`>=${bound}`)?.(tag)).toBe(range(`<${bound}`)?.(tag) === false);
        expect(range(`=${bound}`)?.(tag)).toBe(bound === tag);
      }),
    );
  });
});
