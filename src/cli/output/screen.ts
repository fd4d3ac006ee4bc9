import type { LiveDisplay, LiveDisplayOptions } from '../../watch/live-display.ts';
import { USUAL_TERMINAL, type Output, type OutputStream } from './streams.ts';

/** The outputs, and the display that may be drawn below what is written to them. */
export type Screen = {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether stderr is a terminal that a display can be drawn on, and somebody looks at it. */
  readonly canDraw: boolean;
  /** Shows a display on stderr until the function that it gives is called. */
  show(start: (terminal: Pick<LiveDisplayOptions, 'write' | 'room'>) => LiveDisplay): () => void;
};

export type ScreenOptions = {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Where the size of the terminal is known. */
  readonly terminal: Pick<OutputStream, 'columns' | 'rows'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False if stderr holds lines for programs. */
  readonly drawing?: boolean;
};

/** Makes the outputs such that what is written to a terminal appears above the display while there is one. */
export function screenOf({ stdout, stderr, terminal, env, drawing = true }: ScreenOptions): Screen {
  let display: LiveDisplay | undefined;
  const above = (output: Output): Output => ({
    ...output,
    write: (text) => {
      if (display === undefined || !output.isTerminal) output.write(text);
      else display.above(text, output.write);
    },
  });
  return {
    stdout: above(stdout),
    stderr: above(stderr),
    canDraw: drawing && stderr.isTerminal && env['TERM'] !== 'dumb' && !env['NO_COLOR'] && !env['CI'],
    show: (start) => {
      const room = (): typeof USUAL_TERMINAL => ({
        columns: terminal.columns || USUAL_TERMINAL.columns,
        rows: terminal.rows || USUAL_TERMINAL.rows,
      });
      const shown = start({ write: stderr.write, room });
      display = shown;
      return () => {
        shown.end();
        display = undefined;
      };
    },
  };
}
