import type { Digest } from '../../image/digest.ts';
import type { Position } from '../../errors.ts';
import { parsePlain, parseThin, type ParsedProject } from '../parse.ts';

/** One entry of a project: a digest itself (`tag` is undefined), or one of its tags. */
export type EntryFact = {
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: Digest;
  /** Its place in the commit. */
  readonly at: Position;
};

/** The entries of a project, and the registries that they go to. */
export type Held = { readonly destinations: readonly string[]; readonly entries: ReadonlyMap<string, EntryFact> };

type Files = { readonly manifest: Uint8Array | undefined; readonly images: Uint8Array | undefined };

type Names = { readonly name: string; readonly manifestName: string; readonly imagesName: string };

const NO_IMAGES = Buffer.from('[]');
/** More words than this are not searched for: parsing is then as fast. */
const MOST_SEARCHED = 20;

/**
 * Returns the entries of a project, or those with one of these tags or digests; undefined if its files cannot be read.
 * `before` are its entries before.
 */
export function entriesOf(
  { name, manifestName, imagesName }: Names,
  { manifest, images }: Files,
  mentions: ReadonlySet<string> | undefined,
  before: Held | undefined,
): Held | undefined {
  if (manifest === undefined) return undefined;
  const isPlain = manifestName === imagesName;
  const { project }: ParsedProject = isPlain
    ? parsePlain(name, { file: manifestName, bytes: manifest }, undefined)
    : parseThin(
        name,
        { file: manifestName, bytes: manifest },
        imagesFile(imagesName, images, mentions, before),
        undefined,
      );
  if (project === undefined) return undefined;
  const entries = new Map<string, EntryFact>();
  const add = (fact: EntryFact): void => {
    const key = keyOf(fact);
    if (!entries.has(key)) entries.set(key, fact);
  };
  for (const image of project.images)
    for (const { digest, tags, position, tagPositions } of image.digests) {
      const isWanted = mentions === undefined || mentions.has(digest);
      if (isWanted) add({ name: image.name, tag: undefined, digest, at: position });
      for (const [index, tag] of tags.entries())
        if (isWanted || mentions.has(tag)) add({ name: image.name, tag, digest, at: tagPositions[index] ?? position });
    }
  return { destinations: project.destinations.map((registry) => registry.name), entries };
}

/**
 * A file that mentions nothing wanted is not parsed, unless it did before: it may be broken, or it may have removed that. An
 * escaped tag, "\x76", has a backslash.
 */
function imagesFile(
  file: string,
  bytes: Uint8Array | undefined,
  mentions: ReadonlySet<string> | undefined,
  before: Held | undefined,
): { readonly file: string; readonly bytes: Uint8Array } {
  if (bytes === undefined) return { file, bytes: NO_IMAGES };
  if (mentions === undefined || mentions.size > MOST_SEARCHED || (before?.entries.size ?? 0) > 0)
    return { file, bytes };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isMentioned = text.includes('\\') || [...mentions].some((word) => text.includes(word));
  return { file, bytes: isMentioned ? bytes : NO_IMAGES };
}

function keyOf({ name, tag = '', digest }: EntryFact): string {
  return `${name}\0${tag}\0${digest}`;
}

/** Returns how the entries and registries of a project differ; undefined if they do not. */
export function changedEntries(
  before: Held | undefined,
  after: Held,
): { destinations: readonly string[]; added: readonly EntryFact[]; removed: readonly EntryFact[] } | undefined {
  const without = (all: Held | undefined, other: Held | undefined): EntryFact[] =>
    all === undefined
      ? []
      : [...all.entries].flatMap(([key, fact]) => (other?.entries.has(key) === true ? [] : [fact]));
  const [added, removed] = [without(after, before), without(before, after)];
  const isSame = before?.destinations.join(' ') === after.destinations.join(' ');
  return isSame && added.length + removed.length === 0
    ? undefined
    : { destinations: after.destinations, added, removed };
}
