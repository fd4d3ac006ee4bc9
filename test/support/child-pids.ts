import { readFileSync } from 'node:fs';

/** Returns the processes that a process has started and that still run, from Linux' /proc. */
export function childPids(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number).filter(isRunning);
  } catch {
    return [];
  }
}

/** Returns true unless the process has ended; one that nobody has waited for yet has ended. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
