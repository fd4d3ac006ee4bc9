import type { Flag } from './flag.ts';
import { LEVEL_NAMES } from '../../output/log-levels.ts';
import { replicateFlags } from './replicate-flags.ts';
import { SCAN_FLAGS } from './scan-flags.ts';
import { POLICY_FLAGS } from './policy-flags.ts';
import { REPORT_FLAGS } from './report-flags.ts';
import { SIGCHECK_FLAGS } from './sigcheck-flags.ts';
import { CERTIFICATE_FLAGS, REQUIRE_IDENTITY_FLAG, SIGNING_FLAGS } from './signing-flags.ts';
import { SUMMARY_FLAGS } from './summary-flags.ts';
import { SNAPSHOT_FLAGS } from './snapshot-flags.ts';
import { DIFF_FLAGS, MANIFEST_FLAGS, REGISTRY_FLAGS } from './source-flags.ts';
import { WATCH_FLAGS } from './watch-flags.ts';
import { VALIDATE_FLAGS } from './validate-flags.ts';

/** A positional argument: one of some words, or, where there is a sentence about it, something that is typed freely. */
export type CommandArgument = {
  readonly name: string;
  readonly required: boolean;
  readonly choices: readonly string[];
  readonly help?: string;
  /** What shells offer where it is typed freely. */
  readonly completes?: 'file';
};

/** One command, as routing, help, documentation and completion need it. */
export type Command = {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  /** The positional argument, where the command takes one. */
  readonly argument?: CommandArgument;
};

/** The flags that every command takes. */
export const COMMON_FLAGS = [
  { name: 'help', short: 'h', type: 'bool', default: 'false', help: 'Show this help.' },
  {
    name: 'log-level',
    type: 'string',
    default: 'info',
    value: 'LEVEL',
    choices: LEVEL_NAMES,
    refusal: 'not a valid log level: ',
    help: 'Log lines of this level and above: panic, fatal, error, warn, warning, info, debug or trace.',
  },
  {
    name: 'log-format',
    type: 'string',
    default: 'text',
    value: 'FORMAT',
    choices: ['text', 'json'],
    help: 'How lines are logged: text, or json with time, level, msg and what the line is about.',
  },
] as const satisfies readonly Flag[];

/** The flags that stand before a command, or alone. */
export const ROOT_FLAGS = [
  ...COMMON_FLAGS,
  { name: 'version', short: 'v', type: 'bool', default: 'false', help: 'Print the version.' },
] as const satisfies readonly Flag[];

/** The flags of `kpromo cip`; names, types and defaults that upstream has are upstream's. */
export const CIP_FLAGS = [
  ...MANIFEST_FLAGS,
  {
    name: 'confirm',
    type: 'bool',
    default: 'false',
    help: 'Promote. Without it nothing is written to any registry.',
    writes: true,
  },
  {
    name: 'dry-run',
    type: 'bool',
    default: 'true',
    help: 'Only say what would be promoted; cannot be combined with --confirm.',
  },
  {
    name: 'parse-only',
    type: 'bool',
    default: 'false',
    help: 'Only check the manifests, without any network access; cannot be combined with --confirm.',
  },
  ...DIFF_FLAGS,
  {
    name: 'accept-primary-change',
    type: 'bool',
    default: 'false',
    help: 'Promote images whose primary registry is another one than before the change. Without it they are a problem of a diff, unless --primary-registry or the registry configuration names the primary.',
  },
  {
    name: 'repair-since',
    type: 'string',
    default: '14d',
    value: 'AGE',
    help: 'Also sign and record images of earlier runs that have no signature or record, if their entry or upload is not older than this (14d, 336h, or "all"). Images that this run copies or tags are always included.',
  },
  {
    name: 'staging-retention',
    type: 'string',
    default: '',
    value: 'AGE',
    help: 'The age at which staging deletes images (90d): reports then say how long a repair is possible. Without it only the staging registries of Kubernetes are known to delete, after 90 days.',
  },
  ...SNAPSHOT_FLAGS,
  ...SIGNING_FLAGS,
  REQUIRE_IDENTITY_FLAG,
  {
    name: 'verify-staging',
    type: 'bool',
    default: 'true',
    help: 'Verify the signatures and attestations of images in staging, and hold back what was tampered with. With =false only where a policy or a scan needs them.',
  },
  ...CERTIFICATE_FLAGS,
  ...SUMMARY_FLAGS,
  ...SCAN_FLAGS,
  {
    name: 'threads',
    type: 'int',
    default: '20',
    min: 1,
    value: 'N',
    help: 'Number of source digests that are processed at once.',
  },
  ...REGISTRY_FLAGS,
  ...REPORT_FLAGS,
  ...WATCH_FLAGS,
  {
    name: 'detailed-exitcode',
    type: 'bool',
    default: 'false',
    help: 'Exit with 2 instead of 0 when something is pending and nothing failed.',
  },
  {
    name: 'tags-last',
    type: 'bool',
    default: 'false',
    help: 'Copy images by digest first, and write their tags only when they are signed and recorded, and their mirrors have all of that: whoever resolves a tag can verify it. Costs one request more for each image and mirror.',
  },
  {
    name: 'replicate-signatures',
    type: 'bool',
    default: 'false',
    help: 'After --confirm has promoted and signed, copy signatures and attestations to the mirrors, as `kpromo replicate` does.',
  },
  {
    name: 'max-signature-copies',
    type: 'int',
    default: '50',
    min: 1,
    value: 'N',
    help: 'Number of signatures and attestations that are copied to mirrors at once.',
  },
  {
    name: 'max-image-size',
    type: 'int',
    default: '2048',
    value: 'MIB',
    hidden: true,
    help: 'Accepted for old scripts; has no effect.',
  },
] as const satisfies readonly Flag[];

/** The shells that completion scripts are made for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** All commands, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'cip',
    summary: 'Promote container images from staging to production registries.',
    description:
      'Reads manifests, compares them with what the registries hold, and copies and tags what is missing. A broken entry is reported and never stops a good one. Without --confirm it only says what it would do.',
    flags: CIP_FLAGS,
    argument: {
      name: 'replicate-signatures',
      required: false,
      choices: ['replicate-signatures'],
      help: 'Replicate signatures and attestations instead, as `kpromo replicate` does.',
    },
  },
  {
    name: 'replicate',
    summary: 'Copy signatures and attestations from the primary registry to the mirrors.',
    description:
      'Reads manifests, compares what is attached to their images on the primary registry with what the mirrors have, and copies what is missing, byte for byte. Without --confirm it only says what it would copy. `kpromo cip replicate-signatures` is the same.',
    flags: replicateFlags(CIP_FLAGS),
  },
  {
    name: 'sigcheck',
    summary: 'Verify the signatures and promotion records of production, and repair them.',
    description:
      'Verifies what is attached to images on the primary registry and on all mirrors: who signed, that it is logged, that it is of this digest and name. Fails when anything is wrong. With --confirm it signs, records and replicates what is missing, and checks again.',
    flags: SIGCHECK_FLAGS,
    argument: {
      name: 'REF...',
      required: false,
      choices: [],
      help: 'What to check, as host/path:tag or host/path@digest; with manifests also host/path for all that they have there. Without any, what manifests name and was uploaded of late.',
    },
  },
  {
    name: 'validate',
    summary: 'Check manifests and policies, without any network access.',
    description:
      'Reads a tree, a folder that holds trees, or a plain manifest, and tells everything that is wrong with the files, each with its place and what would be right. Registries are not asked. In GitHub Actions each problem is shown beside its line.',
    flags: VALIDATE_FLAGS,
    argument: {
      name: 'PATH',
      required: true,
      choices: [],
      help: 'A tree, a folder that holds trees, or a plain manifest.',
      completes: 'file',
    },
  },
  {
    name: 'policy',
    summary: 'Try a provenance policy on images.',
    description:
      'Finds all that is attached to an image, verifies it, and says what the policy of a file makes of it. Fails when the image would not be promoted. Nothing is written.',
    flags: POLICY_FLAGS,
    argument: {
      name: 'test REF...',
      required: true,
      choices: ['test'],
      help: 'The word test, and the images as host/path:tag or host/path@digest.',
    },
  },
  {
    name: 'explain',
    summary: 'Explain the code of a problem.',
    description: 'Prints what the code of a problem means and what to do about it; without a code, all of them.',
    flags: [],
    argument: { name: 'CODE', required: false, choices: [], help: 'The code, for example TAG_MOVE, in any case.' },
  },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell.',
    description:
      'Prints a script that completes commands, flags and values. For bash: source <(kpromo completion bash)',
    flags: [],
    argument: { name: 'SHELL', required: true, choices: SHELLS },
  },
  {
    name: 'version',
    summary: 'Print the version.',
    description: 'Prints the version of kpromo and what it runs on; `kpromo --version` does the same.',
    flags: [],
  },
  {
    name: 'help',
    summary: 'Explain a command.',
    description: 'Explains a command, or lists all of them.',
    flags: [],
    argument: {
      name: 'COMMAND',
      required: false,
      choices: ['cip', 'replicate', 'sigcheck', 'validate', 'policy', 'explain', 'completion', 'version'],
    },
  },
];

/** The command of that name. */
export function commandNamed(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}
