import { ENVIRONMENT } from './environment.ts';
import { COMMANDS, COMMON_FLAGS, ROOT_FLAGS, EXIT_CODES, type Command, type Flag } from './options.ts';

/** Help is wrapped to this width, which fits a terminal of 100 columns. */
const WIDTH = 98;

/** The help of a command, or of the program when there is none. */
export function helpText(command: Command | undefined): string {
  return command === undefined ? programHelp() : commandHelp(command);
}

/** The command's flags that help shows, those that every command has last. */
export function visibleFlags(command: Command): readonly Flag[] {
  return [...command.flags, ...COMMON_FLAGS].filter((flag: Flag) => flag.hidden !== true);
}

/** How a flag is typed, for example `-h, --help` or `--threads N`. */
export function flagSyntax(flag: Flag): string {
  const name = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
  return flag.type === 'bool' ? name : `${name} ${flag.value ?? 'VALUE'}`;
}

/** How a command is typed, for example `kpromo completion SHELL [flags]`. */
export function commandSyntax({ name, argument }: Command): string {
  if (argument === undefined) return `kpromo ${name} [flags]`;
  return `kpromo ${name} ${argument.required ? argument.name : `[${argument.name}]`} [flags]`;
}

/** A flag's default as help shows it; undefined where leaving the flag out goes without saying. */
export function shownDefault(flag: Flag): string | undefined {
  return flag.default === '' || flag.default === 'false' ? undefined : flag.default;
}

function programHelp(): string {
  const rows = COMMANDS.map((command) => [command.name, command.summary] as const);
  return [
    wrap(
      'kpromo promotes container images from staging to production registries, as a reviewed tree of YAML says.',
      WIDTH,
    ).join('\n'),
    section('Usage', ['  kpromo COMMAND [flags]']),
    section('Commands', table(rows)),
    section('Flags', table(ROOT_FLAGS.map(flagRow))),
    'More about a command: kpromo COMMAND --help\n',
  ].join('\n\n');
}

function commandHelp(command: Command): string {
  const parts = [wrap(command.description, WIDTH).join('\n'), section('Usage', [`  ${commandSyntax(command)}`])];
  if (command.argument !== undefined) {
    const { name, help, choices } = command.argument;
    parts.push(section('Arguments', table([[name, help ?? `One of ${choices.join(', ')}.`]])));
  }
  parts.push(section('Flags', table(visibleFlags(command).map(flagRow))));
  if (command.name === 'cip') {
    parts.push(
      section('Exit codes', table(EXIT_CODES.map(([code, meaning]) => [String(code), meaning]))),
      section('Environment', table(ENVIRONMENT)),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

function flagRow(flag: Flag): readonly [string, string] {
  const value = shownDefault(flag);
  const indent = flag.short === undefined ? '    ' : '';
  return [`${indent}${flagSyntax(flag)}`, value === undefined ? flag.help : `${flag.help} (default ${value})`];
}

function section(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines].join('\n');
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const left = Math.max(...rows.map(([name]) => name.length)) + 5;
  return rows.flatMap(([name, text]) =>
    wrap(text, WIDTH - left).map((line, index) => (index === 0 ? `  ${name}`.padEnd(left) : ' '.repeat(left)) + line),
  );
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
