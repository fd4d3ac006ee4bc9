import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Ends } from './once.ts';

/** A home folder for one test with these files, JSON unless it is text; all are programs, too. */
export async function homeWith(files: Readonly<Record<string, unknown>>, ends: Ends = onTestFinished): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'home-'));
  ends(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o755 });
  }
  return folder;
}
