import { canonicalRepository, isTag, repositoryHint, repositoryProblem } from '../../../image/reference.ts';
import type { SkopeoArguments } from '../../../foreign/skopeo.ts';
import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import type { Flag } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, logOptions, type LogOptions } from '../output.ts';
import { registriesOptions, REGISTRY_FLAGS, type RegistriesOptions } from '../registries.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

/** The tools whose configurations can be imported. */
export const TOOLS = ['regsync', 'skopeo'] as const;

/** The tree that is written, and the arguments of `skopeo sync`. */
const IMPORT_FLAGS = [
  {
    name: 'output',
    type: 'string',
    default: '',
    value: 'DIR',
    completes: 'directory',
    help: 'The folder of the manifest tree: a new one, or a tree to which new images and tags are added. Required.',
  },
  {
    name: 'destination',
    type: 'string',
    default: '',
    value: 'REGISTRY',
    help: 'The destination of `skopeo sync`, as host[:port][/path]. Required for skopeo.',
  },
  {
    name: 'scoped',
    type: 'bool',
    default: 'false',
    help: 'Set this if `skopeo sync` runs with --scoped: images are below the full name of their source.',
  },
  {
    name: 'append-suffix',
    type: 'string',
    default: '',
    value: 'SUFFIX',
    help: 'The value of --append-suffix of `skopeo sync`: the end of each tag at the destination.',
  },
] as const satisfies readonly Flag[];

/** The flags of `kpromo import`. */
export const IMPORT = {
  run: IMPORT_FLAGS,
  registries: REGISTRY_FLAGS,
  output: COMMON_FLAGS,
} as const satisfies FlagsByTopic;

export const IMPORT_COMMAND_FLAGS = flagsOf(IMPORT);

/** The command line after `kpromo import`. */
type ParsedImport = ParsedFlags<typeof IMPORT_COMMAND_FLAGS>;

/** The file of another tool, and the tree that is written. */
export type ImportOptions = {
  readonly file: string;
  /** The arguments of `skopeo sync`; undefined for a file of regsync. */
  readonly skopeo: SkopeoArguments | undefined;
  readonly tree: string;
  readonly registries: RegistriesOptions;
  readonly output: LogOptions;
};

/** Reads tool, file and flags; throws USAGE. */
export function importOptions({ values, positional }: ParsedImport): ImportOptions {
  const [tool, file, surplus] = positional;
  const known = TOOLS.find((name) => name === tool);
  const example =
    'write kpromo import regsync FILE --output DIR, or kpromo import skopeo FILE --destination REGISTRY --output DIR';
  if (known === undefined)
    throw usage(tool === undefined ? 'no tool is given' : `kpromo cannot import files of ${goQuote(tool)}`, example);
  if (file === undefined) throw usage('no file is given', example);
  if (surplus !== undefined)
    throw usage(
      `\`kpromo import\` takes one file; unexpected argument ${goQuote(surplus)}`,
      'import each file with a command of its own',
    );
  if (values.output === '') throw usage('--output is required', 'name the folder of the tree with --output DIR');
  return {
    file,
    skopeo: known === 'skopeo' ? skopeoArguments(values) : withoutSkopeo(values),
    tree: values.output,
    registries: registriesOptions(values),
    output: logOptions(values),
  };
}

function skopeoArguments({ destination, scoped, 'append-suffix': suffix }: ParsedImport['values']): SkopeoArguments {
  const name = destination.replace(/\/+$/, '');
  if (name === '')
    throw usage(
      '--destination is required',
      'name the destination of skopeo sync, such as registry.acme.example/mirror',
    );
  const problem = repositoryProblem(name);
  if (problem !== undefined)
    throw usage(
      `--destination ${goQuote(destination)} ${problem}`,
      repositoryHint(name, 'registry.acme.example/mirror'),
    );
  if (suffix !== '' && !isTag(`v${suffix}`))
    throw usage(`--append-suffix ${goQuote(suffix)}: not the end of a tag`, 'write letters, digits, ".", "_" and "-"');
  return { destination: canonicalRepository(name), scoped, suffix };
}

function withoutSkopeo({ destination, scoped, 'append-suffix': suffix }: ParsedImport['values']): undefined {
  const given = destination !== '' ? 'destination' : scoped ? 'scoped' : suffix !== '' ? 'append-suffix' : undefined;
  if (given !== undefined) throw usage(`--${given} is for skopeo`, 'leave it out: a file of regsync names its targets');
  return undefined;
}
