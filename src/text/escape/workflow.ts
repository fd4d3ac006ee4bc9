import { visible } from './hidden.ts';

/** An annotation that GitHub shows beside a line of a file in a pull request. */
type Annotation = {
  readonly level: 'error' | 'warning' | 'notice';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly title: string;
  readonly message: string;
};

/**
 * Returns the command that makes GitHub Actions show an annotation, with a line end. Untrusted text can neither end it
 * nor start another. https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function annotationCommand({ level, file, line, column, title, message }: Annotation): string {
  const place = `file=${property(file)},line=${line},col=${column},title=${property(title)}`;
  return `::${level} ${place}::${data(message)}\n`;
}

/** https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts */
function data(text: string): string {
  // The log that shows the command is a terminal as well.
  const lines = text.split(/\r\n|[\r\n]/).map(visible);
  return lines.map((line) => line.replaceAll('%', '%25')).join('%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
