import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBool, parseInteger } from './flag-values.ts';

describe('src/cli/options/flags/flag-values.ts', () => {
  it.each([
    ['1', true],
    ['t', true],
    ['TRUE', true],
    ['True', true],
    ['0', false],
    ['f', false],
    ['False', false],
    ['', undefined],
    ['yes', undefined],
    ['tRUE', undefined],
    [' true', undefined],
  ])('parses the bool %j as %j', (text, expected) => {
    expect(parseBool(text)).toBe(expected);
  });

  it.each([
    ['0', 0],
    ['-0', 0],
    ['+7', 7],
    ['0x10', 16],
    ['0X_1f', 31],
    ['0b101', 5],
    ['0o17', 15],
    ['017', 15],
    ['0_7', 7],
    ['1_000', 1000],
    ['-0x10', -16],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', undefined],
    ['', undefined],
    ['08', undefined],
    ['0x', undefined],
    ['1__0', undefined],
    ['_1', undefined],
    ['1_', undefined],
    ['1e3', undefined],
    ['1.0', undefined],
    ['--1', undefined],
    [' 1', undefined],
  ])('parses the integer %j as %j', (text, expected) => {
    expect(parseInteger(text)).toBe(expected);
  });

  it('parses every spelling of an integer', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.constantFrom(
          ['', 10] as const,
          ['0x', 16] as const,
          ['0b', 2] as const,
          ['0o', 8] as const,
          ['0', 8] as const,
        ),
        fc.boolean(),
        (number, [prefix, base], negative) => {
          const text = `${negative ? '-' : ''}${prefix}${number.toString(base)}`;
          expect(parseInteger(text)).toBe(negative && number !== 0 ? -number : number);
        },
      ),
    );
  });
});
