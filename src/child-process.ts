import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/**
 * The result of a process: `code` is null if a signal ended it; `message` is its error output, with the middle of a
 * long one removed.
 */
type Ended = { readonly code: number | null; readonly output: Buffer; readonly message: string };

/**
 * Number of characters of error output that are kept from the beginning and from the end: the reason comes first or
 * last.
 */
const KEPT = 8 * 1024;

/**
 * Waits for a process to end and returns its output. Calls `tooMuch` when it has printed more than `maxOutput` bytes.
 * Rejects if it could not be started.
 */
export function endOf(
  child: ChildProcessByStdio<Writable | null, Readable, Readable>,
  maxOutput: number,
  tooMuch: () => void,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let [first, last] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxOutput) chunks.push(chunk);
      else tooMuch();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const room = KEPT - first.length;
      first += text.slice(0, room);
      last = `${last}${text.slice(room)}`.slice(-KEPT);
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output: Buffer.concat(chunks), message: first + last }));
  });
}
