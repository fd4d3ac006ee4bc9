import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** How a command ended, and what it printed. */
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs the built CLI in a folder, with a home of its own: the user's credentials are no part of the demo. */
export async function kpromo(args: readonly string[], folder: string): Promise<Ended> {
  const child = spawn(join(import.meta.dirname, '..', 'bin', 'kpromo'), args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, DOCKER_CONFIG: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}
