import type { StagedImage } from './find-tags.ts';
import { nearestTexts } from './nearest.ts';
import type { ProposalRequest } from '../request.ts';

type Asked = Pick<ProposalRequest, 'tags' | 'images' | 'digests'>;

/** Images that upstream's release jobs push for tests; `kpromo pr` of upstream never promotes them. */
export const MOCK = /(?:^|\/)mock\//;

/** Returns why an image is left out; nothing for one that is not. */
export function leftOutOf(
  { name }: StagedImage,
  lacks: readonly string[],
  { digests }: Asked,
): readonly { readonly name: string; readonly why: string }[] {
  if (MOCK.test(name)) return [{ name, why: 'a mock image; name it with --image' }];
  if (lacks.length === 0) return [];
  return [{ name, why: `${digests.length > 0 ? 'has none of --digests for' : 'has no tag'} ${lacks.join(', ')}` }];
}

/** Returns that an image which was named lacks a tag. */
export function lackText({ repository, allTags }: StagedImage, tag: string, { digests }: Asked): string {
  if (allTags.length === 0) return `${repository} has no tags, or does not exist`;
  const what = digests.length > 0 ? `no tag ${tag} and none of --digests` : `no tag ${tag}`;
  return `${repository} has ${what}${nearestTexts(tag, allTags)}`;
}

/** Returns that no image has a tag. */
export function noneText(tag: string, staged: readonly StagedImage[]): string {
  const tags = new Set(staged.flatMap(({ allTags }) => allTags));
  return `no image has the tag ${tag}${nearestTexts(tag, [...tags])}`;
}
