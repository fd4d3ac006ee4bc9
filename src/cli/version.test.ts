import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { versionLine, versionName, versionText } from './version.ts';

describe('src/cli/version.ts', () => {
  it('returns the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      readonly version: string;
    };
    expect(await versionName()).toBe(`v${version}`);
  });

  it('starts the log line and the text with the program and its version', async () => {
    expect(await versionLine()).toMatch(/^kpromo v\d+\.\d+\.\d+\S* \(node: v\d+/);
    expect(await versionText()).toMatch(/^kpromo v\d+\.\d+\.\d+\S*\nnode: +v\d+/);
  });
});
