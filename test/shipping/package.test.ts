import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../support/built-cli.ts';

const ROOT = join(import.meta.dirname, '..', '..');

type Packed = { readonly files: readonly { readonly path: string }[]; readonly unpackedSize: number };

describe('the npm package', () => {
  let packed: Packed;

  beforeAll(async () => {
    await ensureBuilt();
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    [packed] = JSON.parse(execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' })) as [Packed];
  });

  it('holds the program', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['bin/kpromo', 'dist/cli/bin.js', 'dist/cli/child.js', 'LICENSE']));
  });
});
