import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** How a process ended: `code` is null for a signal, `message` what it wrote to stderr, without the middle where that is long. */
export type Ended = { readonly code: number | null; readonly output: Buffer; readonly message: string };

/** Of what a process says on the way, so many characters of the beginning and of the end: the reason stands first or last. */
const KEPT = 8 * 1024;

/** Waits for a process's end and gives what it printed; calls `tooMuch` once it has printed more than so many bytes. Rejects when it could not be started. */
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
