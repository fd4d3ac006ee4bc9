import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPT = join(import.meta.dirname, '..', 'tools', 'release.mjs');

describe('tools/release.mjs', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kpromo-release-'));
    write('## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n### Added\n\n- New.\n\n## [1.1.0] - 2026-11-01\n\n- Old.\n');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (changelog: string, version = '1.2.0', locked = version): void => {
    writeFileSync(join(root, 'CHANGELOG.md'), `# Changelog\n\n${changelog}`);
    writeFileSync(join(root, 'package.json'), JSON.stringify({ version }));
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ version: locked }));
  };
  const run = (command: string, tag: string): readonly unknown[] => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, command, tag, root], { encoding: 'utf8' });
    return [status, stdout, stderr];
  };

  it('accepts a tag whose version package.json and CHANGELOG.md have', () => {
    expect(run('check', 'v1.2.0')).toEqual([0, 'v1.2.0: package.json and CHANGELOG.md agree\n', '']);
  });

  it('prints the notes of one version', () => {
    expect(run('notes', 'v1.2.0')).toEqual([0, '### Added\n\n- New.\n', '']);
    expect(run('notes', 'v1.1.0')).toEqual([0, '- Old.\n', '']);
  });

  it.each(['1.2.0', 'v1.2', 'v1.2.0-rc.1', 'v1.2.0; true', ''])('rejects the tag "%s"', (tag) => {
    expect(run('check', tag)).toEqual([1, '', `tag "${tag}": not a version; expected vMAJOR.MINOR.PATCH\n`]);
  });

  it('rejects a tag of another version than that of package.json or the lock file', () => {
    expect(run('check', 'v1.1.0')[2]).toBe(
      'package.json: the version is 1.2.0; expected 1.1.0, as in the tag v1.1.0\n',
    );
    write('## [1.2.0] - 2026-12-01\n\n- New.\n', '1.2.0', '1.1.0');
    expect(run('check', 'v1.2.0')[2]).toMatch(/^package-lock\.json: the version is 1\.1\.0; expected 1\.2\.0/);
  });

  it('rejects a version that CHANGELOG.md does not have, or has without a date or text', () => {
    const missing = 'CHANGELOG.md: no section for 1.2.0; expected the heading "## [1.2.0] - YYYY-MM-DD"\n';
    for (const text of [
      '## [Unreleased]\n\n- New.\n',
      '## [1.2.0]\n\n- New.\n',
      '## [11.2.0] - 2026-12-01\n\n- New.\n',
    ]) {
      write(text);
      expect(run('check', 'v1.2.0')).toEqual([1, '', missing]);
    }
    write('## [1.2.0] - 2026-12-01\n\n## [1.1.0] - 2026-11-01\n\n- Old.\n');
    expect(run('check', 'v1.2.0')[2]).toMatch(/^CHANGELOG\.md: the section of 1\.2\.0 is empty/);
  });
});
