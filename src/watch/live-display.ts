import type { Clock } from '../clock.ts';
import { frameOf, type Room } from './frame.ts';
import type { RunStatus } from './status.ts';

/** A display at the bottom of a terminal; other output appears above it. */
export type LiveDisplay = {
  /** Writes to the terminal through `write`, above the display. */
  above(text: string, write: (text: string) => void): void;
  /** Removes the display; nothing is drawn afterwards. */
  end(): void;
};

export type LiveDisplayOptions = {
  readonly clock: Clock;
  readonly write: (text: string) => void;
  /** The size of the terminal as it is now. */
  readonly room: () => Room;
  readonly status: () => RunStatus;
};

/** Milliseconds: as often as numbers that change can be read. */
const EVERY = 250;
/** A smaller window has no space for a display and a log. */
const LEAST: Room = { columns: 20, rows: 6 };

/** Draws the status of a run at the bottom of a terminal, four times a second, until it ends. */
export function liveDisplay({ clock, write, room, status }: LiveDisplayOptions): LiveDisplay {
  let drawn: readonly string[] = [];
  let isAtLineStart = true;
  let isOver = false;
  let cancel = (): void => {};
  const erasure = (): string => {
    // the drawn lines take more rows if the window became narrower since
    const { columns } = room();
    const rows = drawn.reduce((sum, { length }) => sum + Math.max(1, Math.ceil(length / columns)), 0);
    return rows === 0 ? '' : `\r\x1b[${rows}A\x1b[J`;
  };
  const draw = (text: string): string => {
    const { columns, rows } = room();
    const fits = !isOver && isAtLineStart && columns >= LEAST.columns && rows >= LEAST.rows;
    drawn = fits ? frameOf(status(), { columns, rows: rows - 2 }) : [];
    return text + drawn.map((line) => `${line}\n`).join('');
  };
  const tick = (): void => {
    write(draw(erasure()));
    cancel = clock.timer(EVERY, tick);
  };
  tick();
  return {
    above: (text, writeText) => {
      if (text === '') return;
      isAtLineStart = text.endsWith('\n');
      if (writeText === write) return write(draw(erasure() + text));
      write(erasure());
      writeText(text);
      write(draw(''));
    },
    end: () => {
      if (isOver) return;
      cancel();
      isOver = true;
      write(draw(erasure()));
    },
  };
}
