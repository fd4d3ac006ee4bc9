import { gitHubServer, parseSlug, slugText, type GitHubServer, type Slug } from '../../../github/names.ts';
import type { ProposalRequest } from '../../../proposal.ts';
import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import type { Flag } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, logOptions, type LogOptions } from '../output.ts';
import { listOf, PROJECT_FLAGS, PROPOSAL_FLAGS, proposalOptions } from '../proposal.ts';
import { registriesOptions, REGISTRY_FLAGS, type RegistriesOptions } from '../registries.ts';
import { ALL_TREES_FLAGS, ALLOW_FLAGS, allowedRegistry, type TreeOptions } from '../source.ts';
import { CERTIFICATE_FLAGS, KEY_FLAGS, ROOT_FLAGS, trustOptions, type TrustOptions } from '../trust.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

/** Upstream's values, which are for the images of Kubernetes. */
const KUBERNETES = { repo: 'kubernetes/k8s.io', tree: 'registry.k8s.io', project: 'kubernetes' } as const;
const REVIEWERS = '@kubernetes/release-engineering';

/** The pull request; names, types and defaults that upstream has are upstream's. */
const PULL_FLAGS = [
  {
    name: 'fork',
    type: 'string',
    default: '',
    value: 'OWNER[/REPO]',
    help: 'Your fork, to which the branch is pushed. Required.',
  },
  {
    name: 'repo',
    type: 'string',
    default: KUBERNETES.repo,
    value: 'OWNER/REPO',
    help: 'The repository with the manifest tree.',
  },
  {
    name: 'base',
    type: 'string',
    default: 'main',
    value: 'BRANCH',
    help: 'The branch that the pull request is merged into.',
  },
  {
    name: 'tree',
    type: 'string',
    default: '',
    value: 'PATH',
    help: `The folder of the manifest tree in the repository. Default: ${KUBERNETES.tree} in ${KUBERNETES.repo}, else the whole repository.`,
  },
  {
    name: 'reviewers',
    type: 'string',
    default: REVIEWERS,
    value: 'NAMES',
    help: 'Users and org/teams, separated by commas. The body names them, and their review is requested unless it is the default.',
  },
  {
    name: 'interactive',
    short: 'i',
    type: 'bool',
    default: 'false',
    help: 'Ask before every step.',
  },
  {
    name: 'use-ssh',
    type: 'bool',
    default: 'true',
    help: 'Clone and push over SSH; with =false over HTTPS with GITHUB_TOKEN.',
  },
  {
    name: 'update-repo',
    type: 'bool',
    default: 'true',
    help: 'Start from the branch of --repo; with =false from that of the fork, as it is.',
  },
  {
    name: 'github-url',
    type: 'string',
    default: 'https://github.com',
    value: 'URL',
    help: 'The address of a GitHub Enterprise Server. Its API is at URL/api/v3.',
  },
  {
    name: 'push-only',
    type: 'bool',
    default: 'false',
    help: 'End after the push and print the branch, for forges other than GitHub.',
  },
  {
    name: 'dry-run',
    type: 'bool',
    default: 'false',
    help: 'Print branch, title, body and patch, and neither push nor ask the API of GitHub.',
  },
] as const satisfies readonly Flag[];

/** The flags of `kpromo pr`. */
export const PR = {
  run: [...PROJECT_FLAGS, ...PROPOSAL_FLAGS, ...PULL_FLAGS],
  source: [...ALL_TREES_FLAGS, ...ALLOW_FLAGS],
  registries: REGISTRY_FLAGS,
  trust: [...CERTIFICATE_FLAGS, ...ROOT_FLAGS, ...KEY_FLAGS],
  output: COMMON_FLAGS,
} as const satisfies FlagsByTopic;

export const PR_FLAGS = flagsOf(PR);

/** The arguments after `kpromo pr`. */
export type ParsedPr = ParsedFlags<typeof PR_FLAGS>;

/** The pull request to open, and how. */
export type PrOptions = {
  readonly proposal: ProposalRequest;
  readonly base: Slug;
  readonly into: string;
  readonly fork: Slug;
  readonly tree: string;
  /** Users and teams that the body names. */
  readonly reviewers: readonly string[];
  /** True if their review is requested. */
  readonly requestsReviews: boolean;
  readonly server: GitHubServer;
  readonly isInteractive: boolean;
  readonly protocol: 'ssh' | 'https';
  readonly startsAt: 'base' | 'fork';
  readonly ends: 'opened' | 'pushed' | 'printed';
  readonly trees: Pick<TreeOptions, 'allTrees' | 'allowRegistries'>;
  readonly registries: RegistriesOptions;
  readonly trust: TrustOptions;
  readonly output: LogOptions;
};

/** Reads the flags; throws USAGE. */
export function prOptions(parsed: ParsedPr): PrOptions {
  const { values, given, positional } = parsed;
  const [surplus] = positional;
  if (surplus !== undefined)
    throw usage(`\`kpromo pr\` takes no argument ${goQuote(surplus)}`, 'name images with --image');
  const base = parseSlug(values.repo);
  if (base === undefined) throw usage(`--repo ${goQuote(values.repo)}: not a repository`, 'write OWNER/REPO');
  if (values.fork === '') throw usage('--fork is required', 'name your fork of the repository as OWNER or OWNER/REPO');
  const fork = parseSlug(values.fork, base.repo);
  if (fork === undefined) throw usage(`--fork ${goQuote(values.fork)}: not a fork`, 'write OWNER or OWNER/REPO');
  const server = gitHubServer(values['github-url']);
  if (server === undefined)
    throw usage(
      `--github-url ${goQuote(values['github-url'])}: not an address of GitHub`,
      'write https://HOST, without user and query',
    );
  if (!isBranch(values.base))
    throw usage(`--base ${goQuote(values.base)}: not a branch`, 'write the name of a branch, for example main');
  const isKubernetes = slugText(base) === KUBERNETES.repo;
  const isAsked = given.has('project') || given.has('staging-repo');
  return {
    // as upstream, which promotes Kubernetes unless told otherwise
    proposal: proposalOptions(isAsked || !isKubernetes ? values : { ...values, project: KUBERNETES.project }),
    base,
    into: values.base,
    fork,
    tree: treeOption(values.tree === '' ? (isKubernetes ? KUBERNETES.tree : '.') : values.tree),
    reviewers: given.has('reviewers') || isKubernetes ? listOf([values.reviewers]).map(reviewer) : [],
    requestsReviews: given.has('reviewers'),
    server,
    isInteractive: values.interactive,
    protocol: values['use-ssh'] ? 'ssh' : 'https',
    startsAt: values['update-repo'] ? 'base' : 'fork',
    ends: values['dry-run'] ? 'printed' : values['push-only'] ? 'pushed' : 'opened',
    trees: { allTrees: values['all-trees'], allowRegistries: values['allow-registry'].map(allowedRegistry) },
    registries: registriesOptions(values),
    trust: trustOptions(parsed),
    output: logOptions(values),
  };
}

// https://git-scm.com/docs/git-check-ref-format, and never an option
function isBranch(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_./-]*$/.test(name) && !/\.\.|\/\/|\/$|\.$|\.lock$/.test(name);
}

function treeOption(tree: string): string {
  const isInside = !tree.startsWith('/') && !tree.split('/').includes('..');
  if (isInside) return tree;
  throw usage(
    `--tree ${goQuote(tree)}: not a folder in the repository`,
    'write its path from the top of the repository',
  );
}

function reviewer(name: string): string {
  if (/^@?[A-Za-z0-9][A-Za-z0-9-]*(?:\/[A-Za-z0-9._-]+)?$/.test(name)) return name;
  throw usage(
    `--reviewers ${goQuote(name)}: not a user or team`,
    'write names with commas, for example alice,org/team',
  );
}
