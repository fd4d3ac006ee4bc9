import { isDigest, type Digest } from '../../image/digest.ts';
import {
  canonicalRepository,
  isRepositoryPath,
  isTag,
  repositoryHint,
  repositoryProblem,
} from '../../image/reference.ts';
import type { ProposalRequest } from '../../proposal.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** The project whose images are promoted. */
export const PROJECT_FLAGS = [
  {
    name: 'project',
    type: 'string',
    default: '',
    value: 'NAME',
    help: 'The project to add to: the name of its folder, with or without k8s-staging-, or the last part of its source registry.',
  },
] as const satisfies readonly Flag[];

/** The images that are promoted. */
export const PROPOSAL_FLAGS = [
  {
    name: 'staging-repo',
    type: 'string',
    default: '',
    value: 'REPOSITORY',
    help: 'The source registry of the project, or a repository below it, as host[:port]/path. Used instead of --project, or with it if several projects have this source.',
  },
  {
    name: 'tag',
    short: 't',
    type: 'stringArray',
    default: '',
    value: 'TAG',
    help: 'A tag to promote; repeatable, or several with commas. Never latest.',
  },
  {
    name: 'image',
    type: 'stringArray',
    default: '',
    value: 'NAME',
    help: 'An image to promote, by its name in the tree; repeatable. Each must have every --tag. Default: all images of staging that have a tag.',
  },
  {
    name: 'digests',
    type: 'stringArray',
    default: '',
    value: 'DIGEST',
    help: 'Add only this digest; repeatable. It must have the tag in staging, or staging has no such tag. Default: the digests that the tags name in staging.',
  },
  {
    name: 'wait',
    type: 'duration',
    default: '0s',
    min: 0,
    example: '30m',
    value: 'DURATION',
    help: 'How long to wait until staging has everything, asking again every 15s.',
  },
] as const satisfies readonly Flag[];

type ProposalValues = FlagValues<typeof PROJECT_FLAGS> & FlagValues<typeof PROPOSAL_FLAGS>;

/** Reads the flags; throws USAGE for a name that is invalid or missing. */
export function proposalOptions(values: ProposalValues): ProposalRequest {
  const { project, 'staging-repo': stagingRepo, wait } = values;
  const tags = listOf(values.tag);
  if (project === '' && stagingRepo === '')
    throw usage('--project or --staging-repo is required', 'name the project, or its source registry as host/path');
  if (tags.length === 0) throw usage('--tag is required', 'name the tag to promote, for example --tag v1.2.3');
  if (tags.includes('latest'))
    throw usage('--tag latest: this tag moves, and production keeps tags as they are', 'name a tag that stays');
  const badTag = tags.find((tag) => !isTag(tag));
  if (badTag !== undefined)
    throw usage(`--tag ${goQuote(badTag)}: not a tag`, 'write a tag without its image, for example v1.2.3');
  const images = listOf(values.image);
  const badImage = images.find((name) => !isRepositoryPath(name));
  if (badImage !== undefined)
    throw usage(
      `--image ${goQuote(badImage)}: not the name of an image`,
      'write the name as in the tree, without registry and tag',
    );
  return {
    project: project || undefined,
    stagingRepo: stagingRepo === '' ? undefined : stagingName(stagingRepo),
    tags,
    images,
    digests: listOf(values.digests).map(digestNamed),
    wait,
  };
}

/** Returns each value once. As in upstream, one flag may have several with commas. */
export function listOf(values: readonly string[]): readonly string[] {
  return [...new Set(values.flatMap((value) => value.split(',')).map((value) => value.trim()))].filter(
    (value) => value !== '',
  );
}

function stagingName(text: string): string {
  const name = text.replace(/\/+$/, '');
  const problem = repositoryProblem(name);
  if (problem !== undefined)
    throw usage(`--staging-repo ${goQuote(text)} ${problem}`, repositoryHint(name, 'gcr.io/k8s-staging-app'));
  return canonicalRepository(name);
}

function digestNamed(text: string): Digest {
  if (isDigest(text)) return text;
  throw usage(`--digests ${goQuote(text)}: not a digest`, 'write sha256: and 64 hexadecimal digits in lower case');
}
