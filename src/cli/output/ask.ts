import { createInterface } from 'node:readline/promises';
import { onAbort } from '../../abort.ts';
import type { CommandServices } from '../command.ts';

/**
 * Returns a function that asks a question until it is answered. An empty answer means yes. The end of the input means no,
 * unless `atEnd` is true.
 */
export function asker({
  stdin = process.stdin,
  stderr,
  signal,
}: Pick<CommandServices, 'stdin' | 'stderr' | 'signal'>): {
  readonly ask: (question: string, atEnd?: boolean) => Promise<boolean>;
  readonly close: () => void;
} {
  const input = createInterface({ input: stdin });
  const lines = input[Symbol.asyncIterator]();
  const leave = onAbort(signal, () => input.close());
  const ask = async (question: string, atEnd = false): Promise<boolean> => {
    for (;;) {
      signal.throwIfAborted();
      stderr.write(`${question} (Y/n) `);
      const { value, done } = await lines.next();
      signal.throwIfAborted();
      if (done === true) return atEnd;
      const answer = value.trim().toLowerCase();
      if (['', 'y', 'yes'].includes(answer)) return true;
      if (['n', 'no'].includes(answer)) return false;
    }
  };
  const close = (): void => {
    leave();
    input.close();
  };
  return { ask, close };
}
