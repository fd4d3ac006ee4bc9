import { parseRef, type AskedRef } from '../../../image/asked-ref.ts';
import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import type { Flag } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, logOptions, type LogOptions, formatFlag } from '../output.ts';
import {
  PRIMARY_FLAGS,
  primaryOptions,
  registriesOptions,
  REGISTRY_FLAGS,
  type PrimaryOptions,
  type RegistriesOptions,
} from '../registries.ts';
import { ALLOW_FLAGS, TREE_FLAGS, treeNamed, treeOptions, type TreeOptions } from '../source.ts';
import { CERTIFICATE_FLAGS, KEY_FLAGS, ROOT_FLAGS, trustOptions, type TrustOptions } from '../trust.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

/** Flags of the sources of facts, and of the output. */
const EXPLAIN_RUN_FLAGS = [
  {
    name: 'offline',
    type: 'bool',
    default: 'false',
    help: 'Of a reference: read only the manifests and their Git history, and no registry.',
  },
  formatFlag('explanation.schema.json'),
] as const satisfies readonly Flag[];

/** The flags of `kpromo explain`. */
export const EXPLAIN = {
  run: EXPLAIN_RUN_FLAGS,
  source: [...TREE_FLAGS, ...ALLOW_FLAGS],
  registries: [...REGISTRY_FLAGS, ...PRIMARY_FLAGS],
  trust: [...CERTIFICATE_FLAGS, ...ROOT_FLAGS, ...KEY_FLAGS],
  output: COMMON_FLAGS,
} as const satisfies FlagsByTopic;

export const EXPLAIN_FLAGS = flagsOf(EXPLAIN);

/** The parsed arguments of `kpromo explain`. */
export type ParsedExplain = ParsedFlags<typeof EXPLAIN_FLAGS>;

/** The options of `kpromo explain REF`. */
export type ExplainOptions = {
  /** With a tag or a digest. */
  readonly ref: AskedRef;
  /** As it was given. */
  readonly reference: string;
  readonly isOffline: boolean;
  readonly format: 'text' | 'json';
  readonly tree: TreeOptions;
  readonly registries: RegistriesOptions;
  readonly primary: PrimaryOptions;
  readonly trust: TrustOptions;
  /** True if only signatures of `--key` count. */
  readonly isOnlyKey: boolean;
  readonly output: LogOptions;
};

/** Returns true if the arguments name an image, not the code of a problem. */
export function isReference({ positional }: ParsedExplain): boolean {
  return positional[0]?.includes('/') === true;
}

/** Reads the options of `kpromo explain REF`; throws USAGE. */
export function explainOptions({ values, positional, given }: ParsedExplain): ExplainOptions {
  const [reference = '', extra] = positional;
  if (extra !== undefined)
    throw usage(`\`kpromo explain\` takes one reference, not ${goQuote(extra)} as well`, 'explain one after another');
  const ref = parseRef(reference);
  if (ref === undefined || (ref.tag === undefined && ref.digest === undefined))
    throw usage(
      `${goQuote(reference)} is not a reference of an image`,
      'write host/path:tag or host/path@sha256:…; a code, such as TAG_MOVE, has no "/"',
    );
  const tree = treeOptions(values);
  if (values.offline && treeNamed(tree) === undefined)
    throw usage('--offline requires manifests', 'name them with --manifests PATH');
  const trust = trustOptions({ values, given });
  return {
    ref,
    reference,
    isOffline: values.offline,
    format: values.output,
    tree,
    registries: registriesOptions(values),
    primary: primaryOptions(values),
    trust,
    isOnlyKey: trust.key !== undefined && !CERTIFICATE_FLAGS.some(({ name }) => given.has(name)),
    output: logOptions(values),
  };
}
