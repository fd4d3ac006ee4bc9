import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CopyJob } from '../../src/registry/copying/copier.ts';

/** What became of a copy in a process of its own, and the most memory that the process ever had. */
export type CopiedApart = {
  readonly sourceReads: number;
  readonly mirrors: readonly {
    readonly error: string | undefined;
    readonly attempts: number;
    readonly bytes: number;
  }[];
  readonly peakBytes: number;
};

/** Copies in a child process, so that its memory is the copy's alone. Linux only: the peak is what /proc says. */
export async function copyApart(job: CopyJob): Promise<CopiedApart> {
  const main = new URL('copying-main.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [main, JSON.stringify(job)], { encoding: 'utf8' });
  return JSON.parse(stdout) as CopiedApart;
}
