import { parseThin, type ParsedProject } from './parse.ts';

/** Parses a project of a tree, like parseThin. */
export type ParseProject = typeof parseThin;

type Given = Parameters<ParseProject>;

/** Returns a parser that reuses the result for unchanged files: most projects of two trees are identical. */
export function parseOnce(parse: ParseProject = parseThin): ParseProject {
  // only the last content of each place is kept: memory for one tree
  const known = new Map<string, { readonly given: Given; readonly parsed: ParsedProject }>();
  return (...given) => {
    const [name, manifest, images] = given;
    const place = [name, manifest.file, images.file].join('\0');
    const there = known.get(place);
    if (there !== undefined && isSame(there.given, given, there.parsed)) return there.parsed;
    const parsed = parse(...given);
    known.set(place, { given, parsed });
    return parsed;
  };
}

function isSame([, manifest, images, allowed]: Given, given: Given, { problems }: ParsedProject): boolean {
  const [, otherManifest, otherImages, otherAllowed] = given;
  // if every registry is permitted, the list makes no difference
  const isAllowed = otherAllowed === undefined && problems.every(({ code }) => code !== 'REGISTRY_NOT_ALLOWED');
  return (
    (allowed === otherAllowed || isAllowed) &&
    Buffer.compare(manifest.bytes, otherManifest.bytes) === 0 &&
    Buffer.compare(images.bytes, otherImages.bytes) === 0
  );
}
