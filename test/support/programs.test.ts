import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { findProgram, MissingProgram, orSkip, requireProgram } from './programs.ts';

const skip = (note: string): never => {
  throw new Error(`skipped: ${note}`);
};

describe('test/support/programs', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kpromo-programs-'));
    vi.stubEnv('PATH', folder);
    vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
    vi.stubEnv('CI', '');
    vi.stubEnv('KPROMO_REQUIRE_PROGRAMS', '');
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  const program = async (name: string, mode = 0o755, script = ''): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, mode);
    return path;
  };

  it('finds an executable on PATH', async () => {
    const path = await program('docker-registry');
    expect(findProgram('docker-registry')).toEqual({ path });
  });

  it('does not take a file that cannot be executed', async () => {
    await program('docker-registry', 0o644);
    expect(findProgram('docker-registry')).toEqual({
      reason: 'docker-registry is not on PATH (on Debian: apt-get install docker-registry)',
    });
  });

  it('prefers the variable named after the program', async () => {
    await program('crane');
    const other = await program('other-crane');
    vi.stubEnv('KPROMO_CRANE', other);
    expect(findProgram('crane')).toEqual({ path: other });
  });

  it('says which variable names a file that is not there', () => {
    vi.stubEnv('KPROMO_CRANE', '/nowhere/crane');
    expect(findProgram('crane')).toEqual({
      reason: 'crane: KPROMO_CRANE names /nowhere/crane, which is no executable file',
    });
  });

  it('skips the test with the reason as its note on a machine of somebody', async () => {
    expect(() => requireProgram('docker-registry')).toThrow(MissingProgram);
    await expect(orSkip({ skip }, () => requireProgram('docker-registry'))).rejects.toThrow(
      /^skipped: docker-registry is not on PATH/,
    );
  });

  it.each([
    ['CI', 'true'],
    ['KPROMO_REQUIRE_PROGRAMS', '1'],
  ])('fails the test where %s is %s', async (name, value) => {
    vi.stubEnv(name, value);
    await expect(orSkip({ skip }, () => requireProgram('docker-registry'))).rejects.toThrow(
      /^required in CI: docker-registry/,
    );
  });

  it('skips a judge also in CI when there is no go to build it with', async () => {
    vi.stubEnv('CI', 'true');
    await expect(orSkip({ skip }, () => requireProgram('crane'))).rejects.toThrow(
      /^skipped: crane is not here: it is built with Go/,
    );
  });

  it('fails in CI for a judge that go could have built', async () => {
    vi.stubEnv('CI', 'true');
    await program('go', 0o755, 'echo go1.99.0');
    await expect(orSkip({ skip }, () => requireProgram('crane'))).rejects.toThrow(
      /^required in CI: crane is not here: build it/,
    );
  });

  it('names the Go it found when that is too old', async () => {
    await program('go', 0o755, 'echo go1.24.9');
    expect(findProgram('crane')).toEqual({
      reason: 'crane is not here: it is built with Go 1.25.0 or later, and go on PATH is 1.24.9',
    });
  });
});
