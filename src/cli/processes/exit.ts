import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Result } from './messages.ts';

/** The end of a child: its result, or why it ended without one. */
export type Exit = { readonly result: Result | undefined; readonly reason: string };

/** What V8 prints before it ends a process, https://nodejs.org/api/errors.html: `FATAL ERROR: … JavaScript heap out of memory`. */
const OUT_OF_MEMORY = /heap out of memory/;

/** Lines on stderr that a crash of Node.js prints after its reason: its garbage collections and stacks. */
const MOST_LINES = 20;

/** Resolves when a child has ended; `onLine` receives the first lines that it printed on stderr. */
export function exitOf(
  child: ChildProcess,
  result: () => Result | undefined,
  onLine: (line: string) => void,
): Promise<Exit> {
  let isOutOfMemory = false;
  let lines = 0;
  if (child.stderr !== null)
    createInterface(child.stderr).on('line', (line) => {
      isOutOfMemory ||= OUT_OF_MEMORY.test(line);
      lines += 1;
      if (line.trim() !== '' && lines <= MOST_LINES) onLine(line);
    });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ result: result(), reason: `could not be run: ${error.message}` }));
    child.once('close', (code, signal) => resolve({ result: result(), reason: reasonOf(code, signal, isOutOfMemory) }));
  });
}

function reasonOf(code: number | null, signal: NodeJS.Signals | null, isOutOfMemory: boolean): string {
  if (isOutOfMemory) return 'ran out of memory';
  // The kernel kills a process with SIGKILL when the container's memory is used up.
  if (signal === 'SIGKILL') return 'was ended by SIGKILL, as by a lack of memory';
  return signal === null ? `ended with exit code ${code ?? 0} and no result` : `was ended by ${signal}`;
}
