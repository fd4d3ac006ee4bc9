import { visible } from './hidden.ts';

/**
 * Foreign text for a terminal: one line, without anything that a terminal obeys or that hides what is there. Neither does
 * it begin a command of GitHub Actions, whose log is a terminal that obeys `::` at the start of a line and `##[` anywhere:
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function terminalText(text: string): string {
  return visible(text)
    .replace(/^(\s*):(?=:)/, '$1\\x3a')
    .replaceAll('##[', '#\\x23[');
}

/** Lines for a terminal, each made safe and ended: all that summaries and tables print goes through here. */
export function terminalLines(lines: readonly string[]): string {
  return lines.map((line) => `${terminalText(line)}\n`).join('');
}
