import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { completionScript } from './completion.ts';
import { visibleFlags } from './help.ts';
import { COMMANDS, SHELLS } from '../options/commands/index.ts';

const run = promisify(execFile);

function installed(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true']);
    return true;
  } catch {
    return false;
  }
}

/** Returns the completions of bash for these words, the last of which is incomplete. */
async function offered(...words: string[]): Promise<string[]> {
  const script = `${completionScript('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _kpromo; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run('bash', ['-c', script, 'bash', 'kpromo', ...words]);
  return stdout.split('\n').filter((word) => word !== '');
}

describe('src/cli/help/completion.ts', () => {
  it.each(SHELLS)('contains every command and visible flag for %s', (shell) => {
    const script = completionScript(shell);
    for (const command of COMMANDS) {
      expect(script).toContain(command.name);
      for (const { name } of visibleFlags(command))
        expect(script).toContain(shell === 'fish' ? `-l ${name}` : `--${name}`);
    }
    expect(script).not.toContain('max-image-size');
  });

  it.for(SHELLS)('is a valid script for %s', async (shell, { skip }) => {
    skip(!installed(shell), `${shell} is not installed`);
    await expect(run(shell, ['-n', '-c', completionScript(shell)])).resolves.toEqual({ stdout: '', stderr: '' });
  });

  it('completes commands, flags and values in bash', async ({ skip }) => {
    skip(!installed('bash'), 'bash is not installed');
    expect(await offered('')).toEqual(COMMANDS.map(({ name }) => name));
    expect(await offered('c')).toEqual(['cip', 'completion']);
    expect(await offered('cip', '--manifest-d')).toEqual(['--manifest-diff-since']);
    expect(await offered('cip', '--')).toEqual(
      COMMANDS.filter(({ name }) => name === 'cip').flatMap((command) =>
        visibleFlags(command).map(({ name }) => `--${name}`),
      ),
    );
    expect(await offered('cip', '--log-level', 'wa')).toEqual(['warn', 'warning']);
    expect(await offered('cip', '--log-level', '=', 'tr')).toEqual(['trace']);
    expect(await offered('cip', '--log-level', '=')).toHaveLength(8);
    expect(await offered('completion', 'z')).toEqual(['zsh']);
    expect(await offered('cip', '--threads', '')).toEqual([]);
    expect(await offered('cip', '--manifest', '/etc/passw')).toContain('/etc/passwd');
    expect(await offered('cip', '--thin-manifest-dir', '/et')).toEqual(['/etc']);
    expect(await offered('validate', '/etc/passw')).toContain('/etc/passwd');
    expect(await offered('validate', '--out')).toEqual(['--output']);
  });

  it('offers subcommands right after a command, and flags after a dash', async ({ skip }) => {
    skip(!installed('bash'), 'bash is not installed');
    expect(await offered('policy', '')).toEqual(['test']);
    expect(await offered('--log-level', 'info', 'policy', 't')).toEqual(['test']);
    expect(await offered('policy', 'test', 't')).toEqual([]);
    expect(await offered('completion', '')).toEqual([...SHELLS]);
    expect(await offered('completion', '--h')).toEqual(['--help']);
    expect(await offered('cip', 'r')).toEqual(['replicate-signatures']);
    expect(await offered('cip', '')).toContain('replicate-signatures');
    expect(await offered('help', 'po')).toEqual(['policy']);
    expect(await offered('--ver')).toEqual(['--version']);
  });
});
