import { readFile, writeFile } from 'node:fs/promises';
import { baselineSchema } from '../../baseline/rules.ts';
import { registryConfigSchema } from '../../config/parse.ts';
import { imagesSchema, manifestSchema } from '../../manifest/schemas.ts';
import { policySchema } from '../../manifest/policies/policy-schema.ts';
import { runEventsSchema } from '../../watch/event-schema.ts';
import { auditSchema } from '../../report/model/audit.ts';
import { runReportSchema } from '../../report/model/schema.ts';
import { explanationSchema } from '../../report/explain/model.ts';
import { validationSchema } from '../../report/terminal/validation.ts';
import type { Flag } from '../options/flags/flag.ts';
import { commandSyntax, flagGroups, flagSyntax, shownDefault } from './help.ts';
import {
  CI_ENVIRONMENT,
  CREDENTIAL_ENVIRONMENT,
  ENVIRONMENT,
  SIGNING_ENVIRONMENT,
  type Variables,
} from '../environment.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { Command } from '../options/commands/command.ts';
import { COMMANDS } from '../options/commands/index.ts';

const PAGE = new URL('../../../docs/cli.md', import.meta.url);
const SCHEMA = new URL('../../../schemas/registry-config.schema.json', import.meta.url);
const SCHEMAS = new URL('../../../schemas/', import.meta.url);
const POLICY_SCHEMA = new URL('../../../schemas/promoter-policy.schema.json', import.meta.url);

/** Returns the command line reference as Markdown. */
export function cliReference(): string {
  return (
    [
      '# Command line',
      'Generated from `src/cli/options/commands/` by `node src/cli/help/reference.ts`; do not edit.',
      'Flags have the syntax of Go programs: `--flag=value` or `--flag value`; a bool is `--flag` or `--flag=false`, never `--flag false`; `--` ends the flags. If a flag is repeated, the last value counts, unless it is marked as repeatable. Data goes to stdout, the log and the summary to stderr. `kpromo COMMAND --help` shows the common flags; `--help=all` or `kpromo help COMMAND` shows all, by topic as here.',
      ...COMMANDS.map(commandReference),
      '## Exit codes',
      markdownTable(
        ['code', 'meaning'],
        EXIT_CODES.map(([code, meaning]) => [String(code), meaning]),
      ),
      '## Environment',
      variablesTable(ENVIRONMENT),
      '### Set by CI systems',
      variablesTable(CI_ENVIRONMENT),
      '### For signatures',
      'See [Signing](signing.md).',
      variablesTable(SIGNING_ENVIRONMENT),
      '### For credentials of registries',
      'See [Credentials](credentials.md).',
      variablesTable(CREDENTIAL_ENVIRONMENT),
    ].join('\n\n') + '\n'
  );
}

/** Writes the reference to its page; with `--check`, only compares. Returns the exit code. */
export function writeReference(argv: readonly string[], page: URL = PAGE): Promise<number> {
  return writeGenerated(argv, page, cliReference());
}

/** The same for the JSON schema of the registry configuration. */
export function writeSchema(argv: readonly string[], file: URL = SCHEMA): Promise<number> {
  return writeGenerated(argv, file, registryConfigSchema());
}

/** The same for the JSON schema of a tree's policy. */
export function writePolicySchema(argv: readonly string[], file: URL = POLICY_SCHEMA): Promise<number> {
  return writeGenerated(argv, file, policySchema());
}

/** Other schemas by file name. */
const MORE_SCHEMAS: Readonly<Record<string, () => string>> = {
  'promoter-manifest': manifestSchema,
  images: imagesSchema,
  validation: validationSchema,
  explanation: explanationSchema,
  'run-report': runReportSchema,
  'run-events': runEventsSchema,
  audit: auditSchema,
  'audit-baseline': baselineSchema,
};

/** The same for the schemas of manifests and of JSON output. */
export async function writeMoreSchemas(argv: readonly string[], folder: URL = SCHEMAS): Promise<number> {
  const codes = Object.entries(MORE_SCHEMAS).map(([name, schema]) =>
    writeGenerated(argv, new URL(`${name}.schema.json`, folder), schema()),
  );
  return Math.max(...(await Promise.all(codes)));
}

async function writeGenerated(argv: readonly string[], file: URL, text: string): Promise<number> {
  if (argv.includes('--check')) return (await readFile(file, 'utf8').catch(() => '')) === text ? 0 : 1;
  await writeFile(file, text);
  return 0;
}

function commandReference(command: Command): string {
  const parts = [`## kpromo ${command.name}`, `\`${commandSyntax(command)}\``, command.description];
  if (command.argument !== undefined) {
    const { name, help, choices } = command.argument;
    const meaning = help ?? `One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.`;
    parts.push(`\`${name}\`: ${meaning}`);
  }
  const groups = flagGroups(command);
  for (const [heading, flags] of groups) {
    if (groups.length > 1) parts.push(`### ${heading}`);
    parts.push(flagTable(flags));
  }
  return parts.join('\n\n');
}

function flagTable(flags: readonly Flag[]): string {
  const rows = flags.map((flag) => {
    const value = shownDefault(flag);
    return [`\`${flagSyntax(flag)}\``, flag.type, value === undefined ? '' : `\`${value}\``, flag.help];
  });
  return markdownTable(['flag', 'type', 'default', 'meaning'], rows);
}

function variablesTable(variables: readonly Variables[]): string {
  const codes = (names: string): string => names.replace(/\w+/g, '`$&`');
  return markdownTable(
    ['variable', 'meaning'],
    variables.map(([names, meaning]) => [codes(names), meaning]),
  );
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  const [first = [], ...others] = cells;
  return [line(first), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...others.map(line)].join('\n');
}

// `import.meta.main` needs Node.js 24
if (process.argv[1] === import.meta.filename) {
  const argv = process.argv.slice(2);
  const codes = [
    await writeReference(argv),
    await writeSchema(argv),
    await writePolicySchema(argv),
    await writeMoreSchemas(argv),
  ];
  process.exitCode = Math.max(...codes);
  if (process.exitCode !== 0)
    process.stderr.write('docs/cli.md or schemas/ are out of date; run node src/cli/help/reference.ts\n');
}
