import { describe, expect, it } from 'vitest';
import { parseDuration } from './duration.ts';

describe('src/duration.ts', () => {
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
  ])('reads the integer %j as %j', (text, expected) => {
    expect(parseInteger(text)).toBe(expected);
  });

  it.each([
    ['0', 0],
    ['-0', 0],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['.5m', 30_000],
    ['2.h', 7_200_000],
    ['-2ms', -2],
    ['3us', 0.003],
    ['3µs', 0.003],
    ['10', undefined],
    ['', undefined],
    ['s', undefined],
    ['1d', undefined],
    ['1 s', undefined],
    ['2562048h', undefined],
  ])('reads the duration %j as %j ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });
});
