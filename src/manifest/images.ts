import { isDigest } from '../image/digest.ts';
import { isRepositoryPath, isTag, joinRepository, MAX_TAG_LENGTH, repositoryProblem } from '../image/reference.ts';
import { invalidFile, pairsOf, readFields, readList, readTextField } from '../yaml/fields.ts';
import type { DigestEntry, ImageEntry } from './manifest.ts';
import { isNull, nameOf, readText } from '../yaml/scalars.ts';
import type { ManifestReading } from './reading.ts';
import { quote } from '../yaml/source-text.ts';
import type { YamlNode } from '../yaml/node.ts';

/** Reads a list of images; `registry` is the longest registry name that their names come after, where it is known. */
export function readImages(
  list: YamlNode | undefined,
  registry: string | undefined,
  reading: ManifestReading,
): readonly ImageEntry[] {
  return readList(list, 'the list of images', reading).flatMap((item) => readImage(item, registry, reading) ?? []);
}

function readImage(item: YamlNode, registry: string | undefined, reading: ManifestReading): ImageEntry | undefined {
  const before = reading.problems.length;
  const fields = readFields(item, 'an image', ['name', 'dmap'], reading);
  const name = readTextField(fields.get('name'), 'the name of an image', reading) ?? '';
  // After a misspelt key it would only confuse to hear that the right one is missing.
  if (reading.problems.length > before) return undefined;
  const node = fields.get('name')?.at(-1) ?? item;
  const position = reading.at(node.offset);
  const problem = nameProblem(name, registry);
  if (problem !== undefined) {
    reading.problems.push({
      code: 'ENTRY_INVALID',
      message: `the image name ${quote(name)} ${problem.message}`,
      hint: problem.hint,
      position,
      image: name,
    });
  }
  const digests = readDigests(item, fields.get('dmap') ?? [], name, reading);
  return problem === undefined && digests.length > 0 ? { name, position, digests } : undefined;
}

const NAME_HINT = 'write lower-case words joined by "/", for example "sub/app"';

type Wrong = { readonly message: string; readonly hint: string };

function nameProblem(name: string, registry: string | undefined): Wrong | undefined {
  if (name === '') return { message: 'is empty', hint: NAME_HINT };
  if (!isRepositoryPath(name)) return { message: 'is no repository name', hint: NAME_HINT };
  const problem = registry === undefined ? undefined : repositoryProblem(joinRepository(registry, name));
  // both parts are right on their own: what is left is the length
  return problem === undefined ? undefined : { message: `together with its registry ${problem}`, hint: 'shorten it' };
}

/** Several values are those of merged mappings: they unite, and null takes back what came before it. */
function readDigests(
  item: YamlNode,
  values: readonly YamlNode[],
  image: string,
  reading: ManifestReading,
): readonly DigestEntry[] {
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
        const entry = readDigest({ digest, key, tags: value }, image, reading);
        if (entry !== undefined) entries.push(entry);
      }
    }
  }
  if (seen.size === 0 && maps.every((map) => map.kind === 'mapping')) noDigests(values.at(-1) ?? item, image, reading);
  return entries;
}

function noDigests(node: YamlNode, image: string, reading: ManifestReading): void {
  const message = `the image ${quote(image)} has no digests`;
  reading.problems.push({ code: 'ENTRY_INVALID', message, hint: DMAP_HINT, position: reading.at(node.offset), image });
}

const DIGEST_HINT = 'write "sha256:" and 64 hexadecimal digits in lower case';
const DMAP_HINT = 'write under "dmap" each digest with its list of tags: "sha256:…": ["v1.0.0"]';
const TAG_HINT = `a tag is 1 to ${MAX_TAG_LENGTH} letters, digits, "_", "." and "-", and does not begin with "." or "-"`;

type WrittenDigest = { readonly digest: string; readonly key: YamlNode; readonly tags: YamlNode };

function readDigest(
  { digest, key, tags }: WrittenDigest,
  image: string,
  reading: ManifestReading,
): DigestEntry | undefined {
  const before = reading.problems.length;
  const invalid = (node: YamlNode, message: string, hint: string): void => {
    reading.problems.push({ code: 'ENTRY_INVALID', message, hint, position: reading.at(node.offset), image, digest });
  };
  const names = new Set<string>();
  const tagPositions: DigestEntry['tagPositions'][number][] = [];
  for (const node of readList(tags, `the value of ${quote(digest)}`, reading)) {
    const tag = readText(node);
    if (typeof tag !== 'string') {
      invalidFile(reading, node, `a tag ${tag.reason}`, 'write the tags as a plain list: ["v1.0.0", "latest"]');
    } else if (!isTag(tag)) {
      const isLong = isTag(tag.slice(0, MAX_TAG_LENGTH));
      const problem = isLong ? `has ${tag.length} characters, which are too many for a tag` : 'is no tag';
      const hint = isLong ? `shorten it to ${MAX_TAG_LENGTH} characters` : TAG_HINT;
      invalid(node, tag === '' ? 'a tag is empty' : `${quote(tag)} ${problem}`, hint);
    } else if (!names.has(tag)) {
      names.add(tag);
      tagPositions.push(reading.at(node.offset));
    }
  }
  // sha512 is valid OCI, but upstream's tools and the tree's reviewers know sha256 only.
  if (!isDigest(digest) || !digest.startsWith('sha256:'))
    invalid(key, `${quote(digest)} is no sha256 digest`, DIGEST_HINT);
  else if (reading.problems.length === before)
    return { digest, tags: [...names], position: reading.at(key.offset), tagPositions };
  return undefined;
}
