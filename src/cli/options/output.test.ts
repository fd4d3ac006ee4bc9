import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags/parse-flags.ts';
import { LOG_LEVELS } from './log-levels.ts';
import { COMMON_FLAGS, outputOptions, WATCH_FLAGS, type OutputOptions } from './output.ts';

const optionsOf = (...argv: readonly string[]): OutputOptions =>
  outputOptions(parseFlags([...WATCH_FLAGS, ...COMMON_FLAGS] as const, argv).values);

describe('src/cli/options/output.ts', () => {
  it('disables progress, events and metrics by default', () => {
    expect(optionsOf()).toEqual({ logLevel: 'info', logFormat: 'text', progress: 'auto' });
    expect(optionsOf('--progress=auto', '--log-format=text')).toEqual(optionsOf());
  });

  it('parses the flags', () => {
    expect(optionsOf('--progress=off', '--log-format=json', '--events=-', '--metrics-file=m.prom')).toEqual({
      progress: 'off',
      logLevel: 'info',
      logFormat: 'json',
      events: '-',
      metricsFile: 'm.prom',
    });
  });

  it.each(Object.entries(LOG_LEVELS))('maps the level %s to %s, whatever its case', (name, level) => {
    expect(optionsOf(`--log-level=${name}`).logLevel).toBe(level);
    expect(optionsOf(`--log-level=${name.toUpperCase()}`).logLevel).toBe(level);
  });

  it.each([
    ['9090', '127.0.0.1', 9090],
    [':9090', '127.0.0.1', 9090],
    ['0.0.0.0:9090', '0.0.0.0', 9090],
    ['metrics.example:0', 'metrics.example', 0],
    ['[::1]:65535', '::1', 65_535],
  ])('parses --metrics-listen=%s as %s and %d', (text, host, port) => {
    expect(optionsOf('--metrics-listen', text)).toMatchObject({ metricsListen: { host, port } });
  });

  it.each([
    ['--metrics-listen=host', /is not a valid address/],
    ['--metrics-listen=::1', /is not a valid address/],
    ['--metrics-listen=host:65536', /is not a valid address/],
    ['--progress=on', 'invalid argument "on" for "--progress" flag'],
    ['--log-format=xml', 'invalid argument "xml" for "--log-format" flag'],
    ['--log-level=', 'not a valid log level: ""'],
    ['--log-level=constructor', 'not a valid log level: "constructor"'],
  ])('rejects %s', (flag, message) => {
    expect(() => optionsOf(flag)).toThrow(message);
  });
});
