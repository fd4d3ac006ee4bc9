import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT_FLAGS, COMMANDS } from '../../src/cli/options/commands/index.ts';
import { flagsOf } from '../../src/cli/options/commands/command.ts';
import type { Flag } from '../../src/cli/options/flags/flag.ts';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** A JSON schema, as far as it is read here. */
type Schema = {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
};

/** Returns each promise of VERSIONING.md that a program can rely on, one line each, sorted. */
export function surface(): readonly string[] {
  const flags = COMMANDS.flatMap((command) => flagsOf(command.flags).map((flag) => flagLine(command.name, flag)));
  const lines = [
    ...flags,
    ...ROOT_FLAGS.map((flag) => flagLine('', flag)),
    ...EXIT_CODES.map(([code]) => `exit ${code}`),
    ...problemCodes().map((code) => `problem ${code}`),
    ...metrics().map((metric) => `metric ${metric}`),
    ...schemas(),
  ];
  return [...new Set(lines)].toSorted((one, other) => (one < other ? -1 : 1));
}

function flagLine(command: string, { name, type, default: value, ...flag }: Flag): string {
  const short = 'short' in flag && flag.short !== undefined ? ` -${flag.short}` : '';
  return `flag ${command} --${name}${short} ${type} = ${JSON.stringify(value)}`;
}

function problemCodes(): readonly string[] {
  const [, union = ''] =
    /export type ErrorCode =([^;]+);/.exec(readFileSync(join(ROOT, 'src', 'errors.ts'), 'utf8')) ?? [];
  return [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
}

/** Returns each metric with its labels, from the table of its page, which a test compares with the program. */
function metrics(): readonly string[] {
  const rows = readFileSync(join(ROOT, 'docs', 'watching.md'), 'utf8').matchAll(/^\| (`kpromo_.*?) \| (.*?) ?\| /gm);
  return [...rows].flatMap(([, names = '', labels = '']) =>
    [...names.matchAll(/`(kpromo_\w+)`/g)].map(([, name = '']) => `${name} {${labels.replaceAll('`', '')}}`),
  );
}

function schemas(): readonly string[] {
  const files = readdirSync(join(ROOT, 'schemas')).filter((name) => name.endsWith('.schema.json'));
  return files.flatMap((name) => {
    const schema = JSON.parse(readFileSync(join(ROOT, 'schemas', name), 'utf8')) as Schema;
    return keysOf(schema, name.replace('.schema.json', ''));
  });
}

/** Returns each key below a schema with its type, and whether it may be missing. */
function keysOf(schema: Schema, path: string): readonly string[] {
  const { properties = {}, required = [], items, additionalProperties, oneOf = [], anyOf = [] } = schema;
  // Events are told apart by `type`.
  const name = typeof properties['type']?.const === 'string' ? `${path}(${properties['type'].const})` : path;
  return [
    ...Object.entries(properties).flatMap(([key, value]) => [
      `${name}.${key} ${typeOf(value)}${required.includes(key) ? '' : ' optional'}`,
      ...keysOf(value, `${name}.${key}`),
    ]),
    ...(items === undefined ? [] : keysOf(items, `${path}[]`)),
    ...(typeof additionalProperties === 'object' ? keysOf(additionalProperties, `${path}.*`) : []),
    ...[...oneOf, ...anyOf].flatMap((one) => keysOf(one, path)),
  ];
}

function typeOf({ type = 'any' }: Schema): string {
  return typeof type === 'string' ? type : type.join('|');
}
