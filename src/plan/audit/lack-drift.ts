import { joinRepository, refsOf, type RepositoryName } from '../../image/reference.ts';
import type { Lack } from '../compare.ts';
import type { Lacks } from '../desired/assemble.ts';
import type { ImageSet, WantedImage } from '../desired/desired.ts';
import type { Copies, Drift } from './drift.ts';

/** The inputs that determine the missing parts of images. */
export type LackFacts = {
  readonly pending: Lacks;
  /** Repositories that could not be read. */
  readonly unread: { has(repository: RepositoryName): boolean };
  readonly referenceOf: (repository: RepositoryName) => RepositoryName;
};

/** Returns MISSING, PARTIAL and MOVED differences, image by image in the order of the manifests. */
export function lackDrift(sets: readonly ImageSet[], { pending, unread, referenceOf }: LackFacts): Drift[] {
  return sets.flatMap(({ destinations, name, images }) => {
    const repositories = destinations.map((registry) => joinRepository(registry, name));
    const readable = repositories.filter((repository) => !unread.has(repository));
    return images.flatMap((image) => {
      const lacks = (pending.get(image) ?? []).filter(({ repository }) => readable.includes(repository));
      if (lacks.length === 0) return [];
      const mirrors = { of: repositories.length, unread: repositories.length - readable.length };
      const reference = referenceOf(lacks[0]?.repository ?? '');
      return driftOf({ wanted: image, reference, digest: image.digest }, lacks, mirrors);
    });
  });
}

type About = Pick<Drift, 'reference' | 'digest'> & { readonly wanted: WantedImage };

function driftOf(about: About, lacks: readonly Lack[], mirrors: Pick<Copies, 'of' | 'unread'>): Drift[] {
  const { tags } = about.wanted;
  const isNowhere = (lacking: number): boolean => lacking === mirrors.of;
  const missing = tags.filter((tag) => isNowhere(lacks.filter((lack) => lack.missingTags.includes(tag)).length));
  const isLost = tags.length === 0 && isNowhere(lacks.length);
  const partly = lacks.flatMap((lack) => {
    const left = lack.missingTags.filter((tag) => !missing.includes(tag));
    const isPartial = tags.length === 0 ? !isLost : left.length > 0;
    return isPartial ? [{ lack, tags: left }] : [];
  });
  const moved = lacks.flatMap(({ repository, moves }) => moves.map((move) => ({ ...move, repository })));
  return [
    ...(missing.length > 0 || isLost
      ? [
          copyDrift(
            'MISSING',
            about,
            lacks.map((lack) => ({ lack, tags: missing })),
            { ...mirrors, lacks },
          ),
        ]
      : []),
    ...(partly.length > 0 ? [copyDrift('PARTIAL', about, partly, { ...mirrors, lacks })] : []),
    ...(moved.length > 0
      ? [
          {
            ...about,
            code: 'MOVED' as const,
            tags: [...new Set(moved.map(({ tag }) => tag))],
            places: moved.map(({ repository, tag, current }) => ({ ref: `${repository}:${tag}`, found: current })),
          },
        ]
      : []),
  ];
}

type Missed = { readonly lack: Lack; readonly tags: readonly string[] };

function copyDrift(
  code: 'MISSING' | 'PARTIAL',
  about: About,
  missed: readonly Missed[],
  { of, unread, lacks }: Pick<Copies, 'of' | 'unread'> & { readonly lacks: readonly Lack[] },
): Drift {
  const tags = about.wanted.tags.filter((tag) => missed.some((one) => one.tags.includes(tag)));
  const isDigest = missed.every(({ lack }) => lack.digestMissing);
  // a mirror where one of the tags names another digest is not complete either
  const isLacking = ({ missingTags, moves }: Lack): boolean =>
    tags.length === 0 || tags.some((tag) => missingTags.includes(tag) || moves.some((move) => move.tag === tag));
  const places = missed.flatMap(({ lack, tags: lacking }) => refsOf(lack.repository, lacking, about.digest));
  return {
    ...about,
    code,
    tags,
    places: places.map((ref) => ({ ref })),
    copies: { isDigest, complete: of - unread - lacks.filter(isLacking).length, of, unread },
  };
}
