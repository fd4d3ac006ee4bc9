import { visible } from './hidden.ts';

/**
 * Returns untrusted text that is safe for a terminal, on one line. It contains no control or invisible characters, and
 * starts no command of GitHub Actions, which executes `::` at the start of a line and `##[` anywhere:
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function terminalText(text: string): string {
  return visible(text)
    .replace(/^(\s*):(?=:)/, '$1\\x3a')
    .replaceAll('##[', '#\\x23[');
}

/**
 * Returns lines that are safe for a terminal, each with a line end. All summaries and tables are printed through this.
 */
export function terminalLines(lines: readonly string[]): string {
  return lines.map((line) => `${terminalText(line)}\n`).join('');
}
