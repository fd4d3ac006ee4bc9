import type { Digest } from '../../../image/digest.ts';
import type { StagedImage } from './find-tags.ts';
import { lackText, leftOutOf, MOCK, noneText } from './choose-texts.ts';
import type { ProposalRequest } from '../request.ts';

/** A tag of an image with a digest of staging; `isStaged` if the tag names the digest in staging, too. */
export type Chosen = {
  readonly name: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly isStaged: boolean;
};

/** The tags to add, the images that are left out, and the reasons why the request cannot be met. */
export type Choice = {
  readonly chosen: readonly Chosen[];
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  /** Parts of the request that staging does not have; empty if everything was found. */
  readonly missing: readonly string[];
  /** Parts of the request that contradict staging: waiting does not help. */
  readonly refused: readonly string[];
};

type Asked = Pick<ProposalRequest, 'tags' | 'images' | 'digests'>;

/** Chooses digests by the tags that were asked for. Each image that was named must have each tag, each tag some image. */
export function choose(staged: readonly StagedImage[], asked: Asked): Choice {
  const isNamed = asked.images.length > 0;
  const results = staged.map((image) => ({ image, ...chooseIn(image, asked) }));
  const taken = isNamed ? results : results.filter(({ image }) => !MOCK.test(image.name));
  const chosen = taken.flatMap((result) => result.chosen);
  const there = new Set(chosen.map(({ tag }) => tag));
  const digests = new Set<string>(chosen.map(({ digest }) => digest));
  const missing = [
    ...(isNamed ? taken.flatMap(({ image, lacks }) => lacks.map((tag) => lackText(image, tag, asked))) : []),
    ...(isNamed ? [] : asked.tags.filter((tag) => !there.has(tag)).map((tag) => noneText(tag, staged))),
    ...asked.digests
      .filter((digest) => !digests.has(digest))
      .map((digest) => `no image has ${digest} and could get one of the tags`),
  ];
  const leftOut = isNamed ? [] : results.flatMap(({ image, lacks }) => leftOutOf(image, lacks, asked));
  return { chosen, leftOut, missing, refused: taken.flatMap(({ refused }) => refused) };
}

type Result = Pick<Choice, 'chosen' | 'refused'> & { readonly lacks: readonly string[] };

function chooseIn(image: StagedImage, { tags, images, digests: wanted }: Asked): Result {
  const [chosen, lacks, refused]: [Chosen[], string[], string[]] = [[], [], []];
  for (const tag of tags) {
    const there = image.tags.get(tag);
    const { name, repository } = image;
    const candidates = wanted.filter((digest) => image.digests.has(digest));
    const fitting = wanted.length === 0 || there === undefined ? undefined : wanted.includes(there);
    if (there !== undefined && fitting !== false) chosen.push({ name, tag, digest: there, isStaged: true });
    else if (there !== undefined && (candidates.length > 0 || images.length > 0))
      refused.push(`${repository}:${tag} is ${there} in staging, which is none of --digests`);
    else if (there !== undefined) lacks.push(tag);
    else if (candidates.length > 1)
      refused.push(`${repository} has no tag ${tag}, and several of --digests that could get it`);
    else if (candidates[0] !== undefined) chosen.push({ name, tag, digest: candidates[0], isStaged: false });
    else lacks.push(tag);
  }
  return { chosen, lacks, refused };
}
