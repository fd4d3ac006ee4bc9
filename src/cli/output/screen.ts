import type { LiveDisplay, LiveDisplayOptions } from '../../watch/live-display.ts';
import { USUAL_TERMINAL, type Output, type OutputStream } from './streams.ts';

/** The outputs, and a display that is drawn below the text on a terminal. */
export type Screen = {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether stderr is a terminal that can show a display, and is used by a person. */
  readonly canDraw: boolean;
  /** Shows a display on stderr until the returned function is called. */
  show(start: (terminal: Pick<LiveDisplayOptions, 'write' | 'room'>) => LiveDisplay): () => void;
};

type ScreenOptions = {
  readonly stdout: Output;
  readonly stderr: Output;
  /** The size of the terminal. */
  readonly terminal: Pick<OutputStream, 'columns' | 'rows'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False if stderr has lines for programs. */
  readonly drawing?: boolean;
};

/** Wraps the outputs so that text on a terminal appears above the display. */
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
