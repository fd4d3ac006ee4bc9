import xterm from '@xterm/headless';

/** A terminal as people have one, without a window. */
export type VirtualTerminal = {
  readonly write: (text: string) => void;
  readonly room: () => { readonly columns: number; readonly rows: number };
  /** Resizes as a window manager does: what was wrapped is wrapped anew. */
  resize(columns: number, rows: number): Promise<void>;
  /** All lines that can be scrolled to, as they are shown, without those at the end that are empty. */
  lines(): Promise<readonly string[]>;
};

/** A terminal of that size with nothing on it; a line end goes to the start of the next line, as a tty driver makes it. */
export function virtualTerminal(columns: number, rows: number): VirtualTerminal {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    scrollback: 10_000,
    allowProposedApi: true,
    convertEol: true,
  });
  const settled = (): Promise<void> => new Promise((resolve) => terminal.write('', resolve));
  return {
    write: (text) => terminal.write(text),
    room: () => ({ columns: terminal.cols, rows: terminal.rows }),
    resize: async (...size) => {
      await settled();
      terminal.resize(...size);
    },
    lines: async () => {
      await settled();
      const { active } = terminal.buffer;
      const all = Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? '');
      return all.slice(0, all.findLastIndex((line) => line !== '') + 1);
    },
  };
}
