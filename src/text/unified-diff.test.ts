import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { unifiedDiff } from './unified-diff.ts';

describe('src/text/unified-diff.ts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kpromo-diff-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const applied = (before: string, after: string): string => {
    writeFileSync(join(folder, 'f'), before);
    const input = unifiedDiff('f', before, after);
    const { status, stderr } = spawnSync('git', ['apply', '--unidiff-zero', '-'], {
      cwd: folder,
      input,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${stderr}\n${input}`);
    return readFileSync(join(folder, 'f'), 'utf8');
  };

  it('shows an inserted line with three lines around it', () => {
    expect(unifiedDiff('a/b.yaml', '1\n2\n3\n4\n5\n6\n7\n8\n', '1\n2\n3\n4\nx\n5\n6\n7\n8\n')).toBe(
      '--- a/a/b.yaml\n+++ b/a/b.yaml\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n',
    );
  });

  it('is empty for equal texts', () => {
    expect(unifiedDiff('f', 'a\n', 'a\n')).toBe('');
  });

  it('marks a last line without an end', () => {
    expect(unifiedDiff('f', 'a', 'a\nb')).toBe(
      '--- a/f\n+++ b/f\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n',
    );
  });

  it('is applied by git, whatever the texts', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 })
      .map((lines) => `${lines.join('\n')}\n`);
    fc.assert(
      fc.property(text, text, (before, after) => {
        fc.pre(before !== after);
        expect(applied(before, after)).toBe(after);
      }),
      { numRuns: 60 },
    );
  });
});
