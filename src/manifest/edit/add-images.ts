import { isDeepStrictEqual } from 'node:util';
import { PromotionError } from '../../errors.ts';
import type { ParsedProject } from '../parse.ts';
import { valueOf } from './digests.ts';
import { imageInsertion, newImage, type Addition } from './images.ts';
import { layoutOf, type Placed } from './layout.ts';
import { inserted, lineEndOf } from './lines.ts';

export type { Addition } from './images.ts';

/** A file with a list of images, and the parser of its project with other bytes in the file's place. */
export type EditedFile = {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly parse: (bytes: Uint8Array) => ParsedProject;
};

/**
 * Adds digests and tags to a file. Only inserts text, and whole lines if possible. The result, parsed, is the old project
 * plus the additions; throws INTERNAL instead of returning anything else.
 */
export function addImages({ file, bytes, parse }: EditedFile, additions: readonly Addition[]): Uint8Array {
  // `ignoreBOM` keeps the byte order mark
  let text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const wanted = contentOf(parse(bytes));
  for (const addition of additions) {
    const known = wanted.images.get(addition.name)?.get(addition.digest);
    const tags = addition.tags.filter((tag) => known?.has(tag) !== true);
    // a digest that is there gets its tags one by one
    const steps = known === undefined ? [{ ...addition, tags }] : tags.map((tag) => ({ ...addition, tags: [tag] }));
    for (const step of steps) text = added(text, step);
    put(wanted.images, addition);
  }
  const result = Buffer.from(text);
  if (isDeepStrictEqual(contentOf(parse(result)), wanted)) return result;
  throw new PromotionError(
    'INTERNAL',
    `${file}: the edit would change more than was asked for; the file is unchanged`,
    {
      hint: 'edit the file by hand, and report this case',
    },
  );
}

function added(text: string, addition: Addition): string {
  // the byte order mark is not part of the document
  if (text.startsWith('\uFEFF')) return `\uFEFF${added(text.slice(1), addition)}`;
  const root = layoutOf(text);
  const list = root?.kind === 'mapping' ? valueOf(root, 'images')?.[1] : root;
  const isEmpty = list === undefined || (list.kind === 'scalar' && list.text === '') || isEmptyList(list);
  const found = isEmpty ? undefined : list.kind === 'sequence' ? imageInsertion(text, list, addition) : undefined;
  if (found !== undefined) return inserted(text, found);
  return isEmpty ? begun(text, list, addition) : text;
}

function isEmptyList(list: Placed): boolean {
  return list.kind === 'sequence' && list.items.length === 0;
}

/** Puts a first image in the place of an empty list. */
function begun(text: string, list: Placed | undefined, addition: Addition): string {
  const lineEnd = lineEndOf(text);
  const written = newImage(addition, lineEnd);
  const before = list !== undefined && isEmptyList(list) ? text.slice(0, list.start) : text.slice(0, list?.end);
  const after = list !== undefined ? text.slice(list.end) : '';
  const isOwnLine = /(?:^|[\r\n])$/.test(before);
  return `${before.replace(/ +$/, '')}${isOwnLine ? '' : lineEnd}${written}${/^[ \t]*(?:\r|\n)/.test(after) ? after : `${lineEnd}${after}`}`;
}

type Content = {
  /** The tags of each digest of each image. */
  readonly images: Map<string, Map<string, Set<string>>>;
  readonly problems: readonly string[];
  /** Registries and policy, which a plain manifest has in the same file. */
  readonly rest: unknown;
};

function contentOf({ project, problems }: ParsedProject): Content {
  const images: Content['images'] = new Map();
  for (const { name, digests } of project?.images ?? [])
    for (const { digest, tags } of digests) put(images, { name, digest, tags });
  const rest = project && {
    registries: project.registries.map(({ name, isSource, serviceAccount }) => [name, isSource, serviceAccount]),
    policy: withoutPlaces(project.policy),
  };
  return { images, problems: problems.map(({ code, message }) => `${code} ${message}`).toSorted(), rest };
}

/** Takes positions out of a policy: they move with the lines. */
function withoutPlaces(policy: unknown): unknown {
  const keep = (key: string, value: unknown): unknown => (/^(?:at|position)$|At$/.test(key) ? undefined : value);
  return policy === undefined ? undefined : (JSON.parse(JSON.stringify(policy, keep)) as unknown);
}

function put(images: Content['images'], { name, digest, tags }: Addition): void {
  const digests = images.get(name) ?? new Map<string, Set<string>>();
  digests.set(digest, new Set([...(digests.get(digest) ?? []), ...tags]));
  images.set(name, digests);
}
