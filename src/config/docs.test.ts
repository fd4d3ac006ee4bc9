import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../http/transport/timeouts.ts';
import { parseDuration } from '../text/go-duration.ts';
import { parseRegistryConfig, registryConfigSchema } from './parse.ts';

const page = readFileSync(new URL('../../docs/registry-config.md', import.meta.url), 'utf8');

type Schema = { readonly properties?: Readonly<Record<string, Schema>>; readonly items?: Schema };

/** Returns every key at any depth. */
function keysOf({ properties = {}, items }: Schema): readonly string[] {
  const inItems = items === undefined ? [] : keysOf(items);
  return [...inItems, ...Object.entries(properties).flatMap(([key, schema]) => [key, ...keysOf(schema)])];
}

describe('docs/registry-config.md', () => {
  it('shows a configuration that is valid but for its files', () => {
    const [, yaml = ''] = /```yaml\n([^`]+)```/.exec(page) ?? [];
    expect(parseRegistryConfig('example.yaml', Buffer.from(yaml))).toMatchObject({
      value: { registries: [{}, {}, {}, {}] },
    });
  });

  it('explains every key', () => {
    const keys = keysOf(JSON.parse(registryConfigSchema()) as Schema);
    expect(keys.length).toBeGreaterThan(25);
    expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
  });

  it('states the default timeouts', () => {
    const { bytesPerMinute, ...times } = DEFAULT_TIMEOUTS;
    expect(page).toContain(`| \`bytesPerMinute\` | ${bytesPerMinute} |`);
    for (const [key, ms] of Object.entries(times) as [keyof Timeouts, number][]) {
      const [, told = ''] = new RegExp(`^\\| \`${key}\` \\| \`([^\`]+)\` \\|`, 'm').exec(page) ?? [];
      expect([key, parseDuration(told)]).toEqual([key, ms]);
    }
  });
});
