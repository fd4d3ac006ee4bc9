import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';

/** A command as bash splits and expands it: the words of one command, the program first. */
export type Words = readonly string[];

/** The commands in a text for a shell, and what bash says against the text. */
export type Parsed = { readonly commands: readonly Words[]; readonly problem: string | undefined };

/**
 * Instead of starting a program, bash writes its words to descriptor 3. Its own commands that would leave the folder,
 * wait or end it do nothing.
 */
const RECORDER = String.raw`
PATH=/nonexistent
command_not_found_handle() { printf '%s\0' "$@" $'\001' >&3; }
for name in cd exit exec source wait trap kill read; do eval "$name() { :; }"; done
`;

/** A redirection out of the folder: the text is run, so it must not write anywhere else. */
const OUTSIDE = />\s*["']?(?!\/dev\/null\b)(?:[/~]|\.\.)/;

/** The files that a text writes. Their folders are made by programs, which are not started. */
const WRITTEN = />\s*([\w.-]+(?:\/[\w.-]+)+)/g;

/** The path before the program where a command begins, which bash would not hand to the recorder. */
const PATHS =
  /(?<=(?:^|[|&;({!]|\b(?:if|then|elif|else|while|until|do|time)[ \t])[ \t]*(?:\w+=\S*[ \t]+)*)[\w./-]*\/(?=kpromo\b)/gm;

/** Returns the commands in a text for a shell. No program is started. */
export async function commandsIn(script: string): Promise<Parsed> {
  if (OUTSIDE.test(script)) return { commands: [], problem: 'it writes outside its folder' };
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-page-'));
  try {
    for (const [, file = ''] of script.matchAll(WRITTEN)) await mkdir(join(folder, dirname(file)), { recursive: true });
    const shell = spawn('bash', ['-c', RECORDER + script.replaceAll(PATHS, '')], {
      cwd: folder,
      env: { ...placeholders(script), PATH: process.env['PATH'], TMPDIR: folder },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    const [problem, record] = await Promise.all([text(shell.stderr as Readable), text(shell.stdio[3] as Readable)]);
    const commands = record.split('\u0001\0').slice(0, -1);
    return { commands: commands.map((words) => words.split('\0').slice(0, -1)), problem: problem.trim() || undefined };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Variables that the reader sets have their own name as the value. */
function placeholders(script: string): Readonly<Record<string, string>> {
  const names = [...script.matchAll(/\$\{?([A-Z][A-Z0-9_]*)/g)].map(([, name = '']) => name);
  return Object.fromEntries(names.map((name) => [name, name]));
}
