import { ENVIRONMENT } from '../environment.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { Flag } from '../options/flags/flag.ts';
import { flagsOf, type Command } from '../options/commands/command.ts';
import { COMMANDS, ROOT_FLAGS } from '../options/commands/index.ts';

/** Lines of text are hard to read if they are longer. */
const WIDEST = 100;
/** Of a terminal that is narrower, help keeps so much for the explanations. */
const NARROWEST = 24;

/** The help of a command, or of the program if there is none; wrapped to the columns of a terminal, and not at all elsewhere. */
export function helpText(command: Command | undefined, columns?: number): string {
  const width = columns === undefined ? Number.POSITIVE_INFINITY : Math.min(columns, WIDEST);
  return command === undefined ? programHelp(width) : commandHelp(command, width);
}

/** The command's flags that help shows. */
export function visibleFlags(command: Command): readonly Flag[] {
  return flagsOf(command.flags).filter(({ hidden }) => hidden !== true);
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

function programHelp(width: number): string {
  const rows = COMMANDS.map((command) => [command.name, command.summary] as const);
  return [
    wrap(
      'kpromo promotes container images from staging to production registries, as a reviewed tree of YAML says.',
      width,
    ).join('\n'),
    section('Usage', ['  kpromo COMMAND [flags]']),
    section('Commands', table(rows, width)),
    section('Flags', table(ROOT_FLAGS.map(flagRow), width)),
    'More about a command: kpromo COMMAND --help\n',
  ].join('\n\n');
}

function commandHelp(command: Command, width: number): string {
  const parts = [wrap(command.description, width).join('\n'), section('Usage', [`  ${commandSyntax(command)}`])];
  if (command.argument !== undefined) {
    const { name, help, choices } = command.argument;
    parts.push(section('Arguments', table([[name, help ?? `One of ${choices.join(', ')}.`]], width)));
  }
  parts.push(section('Flags', table(visibleFlags(command).map(flagRow), width)));
  if (command.name === 'cip') {
    parts.push(
      section(
        'Exit codes',
        table(
          EXIT_CODES.map(([code, meaning]) => [String(code), meaning]),
          width,
        ),
      ),
      section('Environment', table(ENVIRONMENT, width)),
      wrap('More variables, of CI systems, signing and credentials: docs/cli.md', width).join('\n'),
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

/** Names with their explanations beside them, or below where a terminal is too narrow for that. */
function table(rows: readonly (readonly [string, string])[], width: number): readonly string[] {
  const longest = Math.max(...rows.map(([name]) => name.length)) + 5;
  const isBeside = width - longest >= NARROWEST;
  const left = isBeside ? longest : 8;
  return rows.flatMap(([name, text]) => {
    const lines = wrap(text, width - left).map((line) => ' '.repeat(left) + line);
    return isBeside
      ? [`  ${name}`.padEnd(left) + (lines[0] ?? '').slice(left), ...lines.slice(1)]
      : [`  ${name}`, ...lines];
  });
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
