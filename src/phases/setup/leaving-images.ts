import type { Failure } from '../../errors.ts';
import type { ImageChange, TreeDiff } from '../../manifest/diff/tree-diff.ts';
import type { LoadedManifests } from '../../manifest/manifest.ts';
import { tagAt, type ImageSet, type WantedImage } from '../../plan/desired/desired.ts';
import { wantedBy } from '../../plan/desired/wanted.ts';

/** As many as problems of a file. */
const MOST_TOLD = 1000;

/**
 * Returns a warning for everything that leaves the tree and so stays in production unmanaged. Leaves out tags that another
 * digest gets, which are failures, and projects that cannot be read now.
 */
export function leavingImages(
  base: LoadedManifests,
  head: LoadedManifests,
  { removed }: Pick<TreeDiff, 'removed'>,
  moves: readonly Failure[],
): readonly Failure[] {
  if (removed.length === 0) return [];
  const images = imagesOf(wantedBy(base.projects));
  const moved = new Set(moves.flatMap(({ refs = [], places }) => refs.map((ref) => `${ref} ${places?.[0].digest}`)));
  const there = new Set(head.projects.map(({ name }) => name));
  const isBroken = (project: string): boolean =>
    !there.has(project) &&
    head.problems.some(({ code, position: { file } }) => code !== 'ENTRY_INVALID' && file.split('/').includes(project));
  const warnings = removed.flatMap((change) => {
    const { digest, tags, destinations, name, source, project } = change;
    const left = tags.filter((tag) => !destinations.some((to) => moved.has(`${to}/${name}:${tag} ${digest}`)));
    if ((tags.length > 0 && left.length === 0) || isBroken(project)) return [];
    return warningOf({ ...change, tags: left }, images.get(`${source}@${digest}`));
  });
  const over = warnings.length - MOST_TOLD;
  const last = warnings[MOST_TOLD - 1];
  if (over <= 0 || last === undefined) return warnings;
  const message = `${over.toLocaleString('en-US')} more entries leave the tree`;
  return [...warnings.slice(0, MOST_TOLD), { phase: 'setup', code: last.code, message, hint: 'see those before' }];
}

function imagesOf(sets: readonly ImageSet[]): ReadonlyMap<string, WantedImage> {
  return new Map(sets.flatMap(({ images }) => images.map((image) => [`${image.source}@${image.digest}`, image])));
}

function warningOf({ kind, name, digest, tags, destinations }: ImageChange, image: WantedImage | undefined): Failure {
  const named = tags.length === 0 ? '' : kind === 'retagged' ? `, its ${tagsText(tags)},` : ` (${tags.join(', ')})`;
  const [first = ''] = destinations;
  const more = destinations.length > 1 ? ` and ${destinations.length - 1} more` : '';
  const where = kind === 'added' || kind === 'retagged' ? '' : ` for ${first}${more}`;
  const [tag] = tags;
  const at = kind === 'retagged' && tag !== undefined ? image && tagAt(image, tag) : image?.at;
  return {
    phase: 'setup',
    code: 'UNMANAGED',
    message: `${name}@${digest}${named} leaves the tree${where}: stays in production, no longer managed`,
    hint: 'put the entry back, unless it is meant; what production has stays there',
    image: name,
    digest,
    refs: destinations.map((to) => `${to}/${name}${tag === undefined ? `@${digest}` : `:${tag}`}`),
    ...(at !== undefined && { at }),
  };
}

function tagsText(tags: readonly string[]): string {
  return `${tags.length === 1 ? 'tag' : 'tags'} ${tags.join(', ')}`;
}
