import type { Flag } from '../flags/flag.ts';
import { COMMON_FLAGS } from '../output.ts';
import { ADD } from './add.ts';
import { AUDIT } from './audit.ts';
import { CIP } from './cip.ts';
import type { Command, FlagsByTopic } from './command.ts';
import { EXPLAIN } from './explain.ts';
import { IMPORT, TOOLS } from './import.ts';
import { POLICY } from './policy.ts';
import { PR } from './pr.ts';
import { REPLICATE } from './replicate.ts';
import { REPORT } from './report.ts';
import { SIGCHECK } from './sigcheck.ts';
import { VALIDATE } from './validate.ts';

/** The flags that may precede a command, or stand alone. */
export const ROOT_FLAGS = [
  ...COMMON_FLAGS,
  { name: 'version', short: 'v', type: 'bool', default: 'false', help: 'Print the version.' },
] as const satisfies readonly Flag[];

/** The shells with a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** The flags of commands that only print. */
const SMALL: FlagsByTopic = { output: COMMON_FLAGS };

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'pr',
    group: 'propose',
    summary: 'Propose images of staging in a pull request.',
    description:
      'Adds images of staging to the manifest tree of a repository as `kpromo add` does, pushes a branch to a fork, and opens a pull request with all that its reviewer needs. A second run with the same request updates the branch and the pull request. GITHUB_TOKEN is the token for GitHub.',
    flags: PR,
    common: [
      'fork',
      'tag',
      'project',
      'staging-repo',
      'image',
      'reviewers',
      'repo',
      'tree',
      'dry-run',
      'wait',
      'log-level',
      'help',
    ],
  },
  {
    name: 'add',
    group: 'propose',
    summary: 'Add images of staging to a manifest tree.',
    description:
      'Finds the digests of tags in staging and adds them to the images.yaml of their project, by added lines only. Refuses a tag that would move in the tree or in production, and an index without all its platforms. Writes to no registry.',
    flags: ADD,
    common: [
      'manifests',
      'project',
      'staging-repo',
      'tag',
      'image',
      'digests',
      'wait',
      'dry-run',
      'registry-config',
      'log-level',
      'help',
    ],
  },
  {
    name: 'import',
    group: 'propose',
    summary: 'Write a manifest tree from the configuration of regsync or Skopeo.',
    description:
      'Reads which tags the file selects now and their digests, and writes them as a manifest tree. Adds to a tree that is there, and replaces nothing. Names each setting that is not taken over, with its line and what to do instead. Exits with 1 if one of them changes what is copied; the rest is written nevertheless. Writes to no registry.',
    flags: IMPORT,
    argument: {
      name: 'TOOL FILE',
      required: true,
      choices: TOOLS,
      help: 'The tool, regsync or skopeo, and its file: the configuration of `regsync`, or the file of `skopeo sync --src yaml`.',
      completes: 'file',
    },
    common: ['output', 'destination', 'scoped', 'append-suffix', 'registry-config', 'log-level', 'help'],
  },
  {
    name: 'cip',
    group: 'promote',
    summary: 'Promote container images from staging to production registries.',
    description:
      'Compares manifests with the content of registries, and copies and tags missing images. An invalid entry is reported and does not stop valid ones. Without --confirm, it writes nothing and prints the plan.',
    flags: CIP,
    common: [
      'manifests',
      'confirm',
      'dry-run',
      'manifest-diff-since',
      'allow-registry',
      'registry-config',
      'sign',
      'replicate-signatures',
      'vuln-gate',
      'report',
      'log-level',
      'help',
    ],
    argument: {
      name: 'replicate-signatures',
      required: false,
      choices: ['replicate-signatures'],
      help: 'Replicate signatures and attestations instead, as `kpromo replicate` does.',
    },
  },
  {
    name: 'replicate',
    group: 'promote',
    summary: 'Copy signatures and attestations from the primary registry to the mirrors.',
    description:
      'Compares the attachments of images on the primary registry with those on the mirrors, and copies missing ones, byte for byte. Without --confirm, it only reports what it would copy. `kpromo cip replicate-signatures` is the same.',
    flags: REPLICATE,
    common: [
      'manifests',
      'confirm',
      'manifest-diff-since',
      'primary-registry',
      'allow-registry',
      'registry-config',
      'report',
      'log-level',
      'help',
    ],
  },
  {
    name: 'sigcheck',
    group: 'check',
    summary: 'Verify the signatures and promotion records of production, and repair them.',
    description:
      'Verifies signatures and promotion records of images on the primary registry and on all mirrors: signer, log entry, digest and name. Fails if any is wrong. With --confirm, it signs, records and replicates missing ones, and checks again.',
    flags: SIGCHECK,
    common: [
      'manifests',
      'confirm',
      'from-days',
      'through',
      'key',
      'certificate-identity',
      'registry-config',
      'report',
      'log-level',
      'help',
    ],
    argument: {
      name: 'REF...',
      required: false,
      choices: [],
      help: 'Images to check, as host/path:tag or host/path@digest; with manifests also host/path for all their images there. Default: images of the manifests that were uploaded recently.',
    },
  },
  {
    name: 'audit',
    group: 'check',
    summary: 'Compare production with the manifests, and report every difference.',
    description:
      'Reads all mirrors and writes nothing. Reports what is missing, on some mirrors only, at another tag, in no manifest, removed from the manifests, unsigned or not recorded. Exits with 2 if production differs, and with 1 if something could not be read.',
    flags: AUDIT,
    common: [
      'manifests',
      'since',
      'baseline',
      'write-baseline',
      'untagged',
      'registry-config',
      'report',
      'output',
      'log-level',
      'help',
    ],
  },
  {
    name: 'report',
    group: 'check',
    summary: 'Merge the reports of shards into the report of one run.',
    description:
      'Reads the JSON reports of runs with --shard, and prints and writes the result of all of them. Fails if a shard has no report, or a report is of another run. The exit code is the worst of the shards.',
    flags: REPORT,
    common: ['wait', 'report', 'registry-config', 'log-level', 'help'],
    argument: {
      name: 'merge REPORT...',
      required: true,
      choices: ['merge'],
      help: 'The word merge, and the reports, as paths or as oci://REGISTRY/REPOSITORY:TAG. {0..7} stands for each of these numbers.',
      completes: 'file',
    },
  },
  {
    name: 'validate',
    group: 'review',
    summary: 'Check manifests and policies, without any network access.',
    description:
      'Reads a tree, a folder with trees, or a plain manifest, and lists every problem with its place and how to correct it. Sends no request to registries. In GitHub Actions, each problem is shown at its line.',
    flags: VALIDATE,
    argument: {
      name: 'PATH',
      required: true,
      choices: [],
      help: 'A tree, a folder with trees, or a plain manifest.',
      completes: 'file',
    },
  },
  {
    name: 'policy',
    group: 'review',
    summary: 'Try a provenance policy on images.',
    description:
      'Verifies the attachments of an image and applies the policy of a file to them. Fails if the image would not be promoted. Writes nothing.',
    flags: POLICY,
    common: [
      'policy',
      'project',
      'certificate-identity',
      'key',
      'trusted-root',
      'registry-config',
      'log-level',
      'help',
    ],
    argument: {
      name: 'test REF...',
      required: true,
      choices: ['test'],
      help: 'The word test, and the images as host/path:tag or host/path@digest.',
    },
  },
  {
    name: 'explain',
    group: 'review',
    summary: 'Explain an image, or the code of a problem.',
    description:
      'Of an image: prints its entry, the commit that added it, when and by which job it was promoted, who built and signed it, and which mirrors have which part; if it is not promoted, why not and what to do. Exit code 0: promoted everywhere; 2: not, or not everywhere; 1: unknown. Of a code: prints what it means and what to do about it; without an argument, all codes. Nothing is written.',
    flags: EXPLAIN,
    common: [
      'manifests',
      'offline',
      'output',
      'certificate-identity',
      'key',
      'trusted-root',
      'registry-config',
      'log-level',
      'help',
    ],
    argument: {
      name: 'REF|CODE',
      required: false,
      choices: [],
      help: 'An image as host/path:tag or host/path@digest, by its name in production, on a mirror or in staging; or a code, for example TAG_MOVE, in any case.',
    },
  },
  {
    name: 'completion',
    group: 'other',
    summary: 'Print a completion script for a shell.',
    description:
      'Prints a script that completes commands, flags and values. For bash: source <(kpromo completion bash)',
    flags: SMALL,
    argument: { name: 'SHELL', required: true, choices: SHELLS },
  },
  {
    name: 'version',
    group: 'other',
    summary: 'Print the version.',
    description: 'Prints the versions of kpromo and Node.js, and the platform; `kpromo --version` does the same.',
    flags: SMALL,
  },
  {
    name: 'help',
    group: 'other',
    summary: 'Explain a command.',
    description: 'Explains a command, or lists all of them.',
    flags: SMALL,
    argument: {
      name: 'COMMAND',
      required: false,
      choices: 'pr add import cip replicate sigcheck report validate policy explain completion version'.split(' '),
    },
  },
];

/** Returns the command of that name. */
export function commandNamed(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}
