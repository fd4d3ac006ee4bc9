import { ENVIRONMENT } from '../environment.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { Flag } from '../options/flags/flag.ts';
import { flagsOf, GROUPS, TOPICS, type Command, type Topic } from '../options/commands/command.ts';
import { COMMANDS, ROOT_FLAGS } from '../options/commands/index.ts';

/** In columns; longer lines are hard to read. */
const WIDEST = 100;
/** In columns: the least space for explanations on a narrow terminal. */
const NARROWEST = 24;
/**
 * The last column where explanations may begin; longer names stand above theirs. With 80 columns, our longest default
 * still fits.
 */
const LEFT = 28;

/** `isWhole`: with all flags. Without `columns`, nothing is wrapped. */
type HelpForm = { readonly isWhole: boolean; readonly columns?: number | undefined };

/** Returns the help of a command, or of the program. */
export function helpText(command: Command | undefined, { isWhole, columns }: HelpForm): string {
  const width = columns === undefined ? Number.POSITIVE_INFINITY : Math.min(columns, WIDEST);
  if (command === undefined) return programHelp(width);
  return commandHelp(command, isWhole || command.common === undefined, width);
}

/** Returns the command's flags that help shows. */
export function visibleFlags(command: Command): readonly Flag[] {
  return visibleIn(flagsOf(command.flags));
}

/** Groups the visible flags of a command under the headings of their topics; few flags get no heading. */
export function flagGroups(command: Command): readonly (readonly [heading: string, flags: readonly Flag[]])[] {
  if (command.common === undefined) return [['Flags', visibleFlags(command)]];
  return Object.entries(TOPICS).flatMap(([topic, heading]) => {
    const flags = visibleIn(command.flags[topic as Topic] ?? []);
    return flags.length === 0 ? [] : [[heading, flags] as const];
  });
}

function visibleIn(flags: readonly Flag[]): readonly Flag[] {
  return flags.filter(({ hidden }) => hidden !== true);
}

/** Returns how a flag is typed, for example `-h, --help` or `--threads N`. */
export function flagSyntax(flag: Flag): string {
  const name = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
  return flag.type === 'bool' ? name : `${name} ${flag.value ?? 'VALUE'}`;
}

/** Returns how a command is typed, for example `kpromo completion SHELL [flags]`. */
export function commandSyntax({ name, argument }: Command): string {
  if (argument === undefined) return `kpromo ${name} [flags]`;
  return `kpromo ${name} ${argument.required ? argument.name : `[${argument.name}]`} [flags]`;
}

/** Returns a flag's default for help; undefined if it is obvious. */
export function shownDefault(flag: Flag): string | undefined {
  return flag.default === '' || flag.default === 'false' ? undefined : flag.default;
}

function programHelp(width: number): string {
  const groups = Object.entries(GROUPS).map(([group, heading]) => {
    const rows = COMMANDS.filter((command) => command.group === group).map(
      ({ name, summary }) => [name, summary] as const,
    );
    return [heading, rows] as const;
  });
  const longest = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    wrap(
      'kpromo promotes container images from staging to production registries, as a reviewed tree of YAML says.',
      width,
    ).join('\n'),
    section('Usage', ['  kpromo COMMAND [flags]']),
    ...groups.map(([heading, rows]) => section(heading, table(rows, width, longest))),
    section('Flags', table(ROOT_FLAGS.map(flagRow), width)),
    'More about a command: kpromo COMMAND --help\n',
  ].join('\n\n');
}

function commandHelp(command: Command, isWhole: boolean, width: number): string {
  const parts = [wrap(command.description, width).join('\n'), section('Usage', [`  ${commandSyntax(command)}`])];
  if (command.argument !== undefined) {
    const { name, help, choices } = command.argument;
    parts.push(section('Arguments', table([[name, help ?? `One of ${choices.join(', ')}.`]], width)));
  }
  if (!isWhole) return `${[...parts, ...commonFlags(command, width)].join('\n\n')}\n`;
  const groups = flagGroups(command);
  for (const [heading, flags] of groups) parts.push(section(heading, table(flags.map(flagRow), width)));
  if (command.name === 'cip') parts.push(...surroundings(width));
  return `${parts.join('\n\n')}\n`;
}

/** Returns the common flags, and how to list the others. */
function commonFlags(command: Command, width: number): readonly string[] {
  const flags = visibleFlags(command);
  const common = (command.common ?? []).flatMap((name) => flags.filter((flag) => flag.name === name));
  const more = `All ${flags.length} flags: kpromo ${command.name} --help=all, or kpromo help ${command.name}`;
  return [section('Common flags', table(common.map(flagRow), width)), wrap(more, width).join('\n')];
}

/** Returns the sections about environment variables and exit codes. */
function surroundings(width: number): readonly string[] {
  const codes = EXIT_CODES.map(([code, meaning]) => [String(code), meaning] as const);
  return [
    section('Exit codes', table(codes, width)),
    section('Environment', table(ENVIRONMENT, width)),
    wrap('More variables, of CI systems, signing and credentials: docs/cli.md', width).join('\n'),
  ];
}

function flagRow(flag: Flag): Row {
  const value = shownDefault(flag);
  const indent = flag.short === undefined ? '    ' : '';
  return [`${indent}${flagSyntax(flag)}`, value === undefined ? flag.help : `${flag.help} (default ${value})`];
}

function section(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines].join('\n');
}

type Row = readonly [name: string, explanation: string];

/**
 * Prints names with their explanations beside them. An explanation starts on its own line if the name is too long or
 * the terminal too narrow.
 */
function table(
  rows: readonly Row[],
  width: number,
  widest = Math.max(...rows.map(([name]) => name.length)),
): readonly string[] {
  const longest = widest + 5;
  const beside = Number.isFinite(width) ? Math.min(longest, LEFT) : longest;
  const left = width - beside >= NARROWEST ? beside : 8;
  return rows.flatMap(([name, text]) => {
    const [first = '', ...more] = wrap(text, width - left).map((line) => ' '.repeat(left) + line);
    const fits = left === beside && name.length + 4 <= left;
    return fits ? [`  ${name}`.padEnd(left) + first.slice(left), ...more] : [`  ${name}`, first, ...more];
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
