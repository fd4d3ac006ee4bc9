import type { LogEvent } from '../../events.ts';

type Line = Omit<LogEvent, 'type'>;

/** Joins log lines that say the same. */
export type Repeats = {
  /** Returns the line as it is to be printed: one that repeats an earlier one is for debugging only, and is counted. */
  joined(line: Line, now: number): Line;
  /** Returns a line with the count of each that was repeated and is due, or of all at the end of a run. */
  due(now: number): readonly Line[];
};

/** Interval at which counts are printed, in milliseconds: a registry in trouble is read of once a minute. */
const EVERY = 60_000;

type Seen = { since: number; count: number; last: Line };

/** Creates a memory of warnings, and of other lines that name what they are alike in. */
export function repeats(): Repeats {
  const seen = new Map<string, Seen>();
  return {
    joined: (line, now) => {
      const { level, message, alike } = line;
      if (alike === undefined && level !== 'warning') return line;
      const key = `${level} ${alike ?? message}`;
      const before = seen.get(key);
      if (before === undefined) {
        seen.set(key, { since: now, count: 0, last: line });
        return line;
      }
      before.count += 1;
      before.last = line;
      return { ...line, level: 'debug' };
    },
    due: (now) => {
      const lines: Line[] = [];
      for (const [key, { since, count, last }] of seen) {
        if (now - since < EVERY) continue;
        // Without a repetition in that time, the next one is printed at once.
        seen.delete(key);
        if (count === 0) continue;
        lines.push({ ...last, message: `${last.message} (${count} more like it)`, fields: { ...last.fields, count } });
        seen.set(key, { since: now, count: 0, last });
      }
      return lines;
    },
  };
}
