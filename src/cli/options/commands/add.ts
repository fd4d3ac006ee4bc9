import type { ProposalRequest } from '../../../proposal.ts';
import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import type { Flag } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, logOptions, type LogOptions } from '../output.ts';
import { PROJECT_FLAGS, PROPOSAL_FLAGS, proposalOptions } from '../proposal.ts';
import { registriesOptions, REGISTRY_FLAGS, type RegistriesOptions } from '../registries.ts';
import { ALLOW_FLAGS, TREE_FLAGS, treeNamed, treeOptions, type TreeOptions } from '../source.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

/** Whether the file is written. */
const DRY_RUN_FLAGS = [
  {
    name: 'dry-run',
    type: 'bool',
    default: 'false',
    help: 'Print the change as a unified diff, and write nothing.',
  },
] as const satisfies readonly Flag[];

/** The flags of `kpromo add`. */
export const ADD = {
  run: [...PROJECT_FLAGS, ...PROPOSAL_FLAGS, ...DRY_RUN_FLAGS],
  source: [...TREE_FLAGS, ...ALLOW_FLAGS],
  registries: REGISTRY_FLAGS,
  output: COMMON_FLAGS,
} as const satisfies FlagsByTopic;

export const ADD_FLAGS = flagsOf(ADD);

/** The arguments after `kpromo add`. */
export type ParsedAdd = ParsedFlags<typeof ADD_FLAGS>;

/** The images to add, and the tree to add them to. */
export type AddOptions = {
  readonly proposal: ProposalRequest;
  readonly isDryRun: boolean;
  readonly tree: TreeOptions;
  readonly registries: RegistriesOptions;
  readonly output: LogOptions;
};

/** Reads the flags; throws USAGE. */
export function addOptions({ values, positional: [surplus] }: ParsedAdd): AddOptions {
  if (surplus !== undefined)
    throw usage(
      `\`kpromo add\` takes no argument ${goQuote(surplus)}`,
      'name images with --image, and the tree with --manifests',
    );
  const tree = treeOptions(values);
  if (treeNamed(tree) === undefined) throw usage('--manifests is required', 'name the tree with --manifests PATH');
  return {
    proposal: proposalOptions(values),
    isDryRun: values['dry-run'],
    tree,
    registries: registriesOptions(values),
    output: logOptions(values),
  };
}
