import { createHash } from 'node:crypto';
import { isDigest } from '../image/digest.ts';
import { isRepositoryPath, isTag, joinRepository, MAX_TAG_LENGTH, repositoryProblem } from '../image/reference.ts';
import { invalidFile, pairsOf, readFields, readList, readTextField } from '../yaml/fields.ts';
import type { DigestEntry, ImageEntry } from './manifest.ts';
import { isNull, nameOf, readText } from '../yaml/scalars.ts';
import { warn, type ManifestReading } from './reading.ts';
import { quote } from '../yaml/source-text.ts';
import type { YamlNode } from '../yaml/node.ts';

/** Context of a list of images. An image of a tree may be a placeholder without digests, as in upstream. */
export type ImageList = {
  readonly isTree: boolean;
  /** The longest registry name that image names are appended to, if known. */
  readonly registry: string | undefined;
  /** The source registry of the images, or the file if that is unknown. */
  readonly from: string;
};

/** Parses a list of images; reports an empty one at `place`. */
export function readImages(
  list: YamlNode | undefined,
  place: YamlNode,
  about: ImageList,
  reading: ManifestReading,
): readonly ImageEntry[] {
  const items = readList(list, 'the list of images', reading);
  const isEmpty = list === undefined || isNull(list) || (list.kind === 'sequence' && items.length === 0);
  if (isEmpty) warn(reading, list ?? place, 'the list of images is empty', 'add images, or remove the project');
  return items.flatMap((item) => readImage(item, about, reading) ?? []);
}

function readImage(item: YamlNode, about: ImageList, reading: ManifestReading): ImageEntry | undefined {
  const before = reading.problems.length;
  const fields = readFields(item, 'an image', ['name', 'dmap'], reading);
  const name = readTextField(fields.get('name'), 'the name of an image', reading) ?? '';
  // After a misspelt key, a report of the missing right one would confuse.
  if (reading.problems.length > before) return undefined;
  const node = fields.get('name')?.at(-1) ?? item;
  const position = reading.at(node.offset);
  const problem = nameProblem(name, about.registry);
  if (problem !== undefined) {
    reading.problems.push({
      code: 'ENTRY_INVALID',
      message: `the image name ${quote(name)} ${problem.message}`,
      hint: problem.hint,
      position,
      image: name,
      entry: entryOf(about, [item]),
    });
  }
  const written = fields.get('dmap') ?? [];
  const digests = readDigests(written, name, about, reading);
  if (digests === 'empty') {
    const isPlaceholder = about.isTree && written.length > 0 && problem === undefined;
    const found = { message: `the image ${quote(name)} has no digests`, hint: DMAP_HINT, image: name };
    const noted = { ...found, position: reading.at((written.at(-1) ?? item).offset) };
    if (isPlaceholder) reading.warnings.push({ ...noted, code: 'NO_EFFECT' });
    else reading.problems.push({ ...noted, code: 'ENTRY_INVALID', entry: entryOf(about, [item]) });
    return isPlaceholder ? { name, position, digests: [] } : undefined;
  }
  return problem === undefined && digests.length > 0 ? { name, position, digests } : undefined;
}

const NAME_HINT = 'write lower-case words joined by "/", for example "sub/app"';

/** Returns equal texts for entries that state the same about the same source, in any format. */
function entryOf({ from }: ImageList, nodes: readonly YamlNode[]): string {
  return createHash('sha256')
    .update(JSON.stringify([from, ...nodes], withoutLayout))
    .digest('hex');
}

function withoutLayout(key: string, value: unknown): unknown {
  return key === 'offset' || key === 'plain' ? undefined : value;
}

type Wrong = { readonly message: string; readonly hint: string };

function nameProblem(name: string, registry: string | undefined): Wrong | undefined {
  if (name === '') return { message: 'is empty', hint: NAME_HINT };
  if (!isRepositoryPath(name)) return { message: 'is not a repository name', hint: NAME_HINT };
  const problem = registry === undefined ? undefined : repositoryProblem(joinRepository(registry, name));
  // both parts are valid: only the total length is left
  return problem === undefined ? undefined : { message: `together with its registry ${problem}`, hint: 'shorten it' };
}

/** Several values come from merged mappings: they are united, and null removes earlier ones. */
function readDigests(
  values: readonly YamlNode[],
  image: string,
  about: ImageList,
  reading: ManifestReading,
): readonly DigestEntry[] | 'empty' {
  const maps = values.slice(values.findLastIndex(isNull) + 1);
  const seen = new Set<string>();
  const entries: DigestEntry[] = [];
  for (const map of maps) {
    if (map.kind !== 'mapping') invalidFile(reading, map, `"dmap" is a ${nameOf(map)}, not a mapping`, DMAP_HINT);
    for (const { key, value } of pairsOf(map, reading)) {
      const digest = readText(key);
      if (typeof digest !== 'string') {
        invalidFile(reading, key, `a digest ${digest.reason}`, DIGEST_HINT);
      } else if (seen.has(digest)) {
        invalidFile(
          reading,
          key,
          `the digest ${quote(digest)} stands twice in one "dmap"`,
          'put all its tags into one list',
        );
      } else {
        seen.add(digest);
        const entry = readDigest({ digest, key, tags: value }, image, about, reading);
        if (entry !== undefined) entries.push(entry);
      }
    }
  }
  return seen.size === 0 && maps.every((map) => map.kind === 'mapping') ? 'empty' : entries;
}

const DIGEST_HINT = 'write "sha256:" and 64 hexadecimal digits in lower case';
const DMAP_HINT = 'write under "dmap" each digest with its list of tags: "sha256:…": ["v1.0.0"]';
const TAG_HINT = `a tag is 1 to ${MAX_TAG_LENGTH} letters, digits, "_", "." and "-", and does not begin with "." or "-"`;

type WrittenDigest = { readonly digest: string; readonly key: YamlNode; readonly tags: YamlNode };

function readDigest(
  { digest, key, tags }: WrittenDigest,
  image: string,
  about: ImageList,
  reading: ManifestReading,
): DigestEntry | undefined {
  const before = reading.problems.length;
  const invalid = (node: YamlNode, message: string, hint: string): void => {
    const entry = entryOf(about, [key, tags]);
    const position = reading.at(node.offset);
    reading.problems.push({ code: 'ENTRY_INVALID', message, hint, position, image, digest, entry });
  };
  const names = new Set<string>();
  const tagPositions: DigestEntry['tagPositions'][number][] = [];
  for (const node of readList(tags, `the value of ${quote(digest)}`, reading)) {
    const tag = readText(node);
    if (typeof tag !== 'string') {
      invalidFile(reading, node, `a tag ${tag.reason}`, 'write the tags as a plain list: ["v1.0.0", "latest"]');
    } else if (!isTag(tag)) {
      const isLong = isTag(tag.slice(0, MAX_TAG_LENGTH));
      const problem = isLong ? `has ${tag.length} characters, which are too many for a tag` : 'is not a tag';
      const hint = isLong ? `shorten it to ${MAX_TAG_LENGTH} characters` : TAG_HINT;
      invalid(node, tag === '' ? 'a tag is empty' : `${quote(tag)} ${problem}`, hint);
    } else if (!names.has(tag)) {
      names.add(tag);
      tagPositions.push(reading.at(node.offset));
    }
  }
  // sha512 is valid in OCI, but upstream's tools and the tree's reviewers accept only sha256.
  if (!isDigest(digest) || !digest.startsWith('sha256:'))
    invalid(key, `${quote(digest)} is not a sha256 digest`, DIGEST_HINT);
  else if (reading.problems.length === before)
    // A copy: a list that grew keeps room for 17 items, which for all entries of a large tree is several MiB.
    return { digest, tags: [...names], position: reading.at(key.offset), tagPositions: [...tagPositions] };
  return undefined;
}
