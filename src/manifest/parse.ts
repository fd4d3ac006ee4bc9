import { compilePattern, type Pattern } from '../image/pattern.ts';
import { readFields } from '../yaml/fields.ts';
import { readImages } from './images.ts';
import type { Problem, Project } from './manifest.ts';
import { readRegistries, type Registries } from './registries.ts';
import { manifestReading, type ManifestReading } from './reading.ts';
import { sourceText } from '../yaml/source-text.ts';
import type { YamlNode } from '../yaml/node.ts';
import { parseYaml } from '../yaml/document.ts';

/** The bytes of one file and the name under which people know it. */
export type ManifestText = { readonly file: string; readonly bytes: Uint8Array };

/** What parsing one project gave: with a problem that is no ENTRY_INVALID there is no project. */
export type ParsedProject = { readonly project?: Project; readonly problems: readonly Problem[] };

/** Registries that manifests may name; undefined allows all. */
export type AllowedRegistries = readonly Pattern[] | undefined;

// `imagesPath` is accepted and ignored, as upstream does.
const THIN_KEYS = ['registries', 'imagesPath'] as const;
const PLAIN_KEYS = ['registries', 'images', 'imagesPath'] as const;

/** Compiles the patterns of `--allow-registry`; none allow every registry. Throws USAGE. */
export function allowedRegistries(patterns: readonly string[] = []): AllowedRegistries {
  return patterns.length === 0 ? undefined : patterns.map(compilePattern);
}

/** Parses a manifest and the images file that belongs to it. */
export function parseThin(
  name: string,
  manifest: ManifestText,
  images: ManifestText,
  allowed: AllowedRegistries,
): ParsedProject {
  const problems: Problem[] = [];
  const opened = open(manifest, problems);
  const fields = opened && readFields(opened.root, 'the manifest', THIN_KEYS, opened.reading);
  const registries = opened && readRegistries(fields?.get('registries')?.at(-1), opened.root, opened.reading);
  const list = open(images, problems);
  const entries = list === undefined ? [] : readImages(list.root, longestName(registries), list.reading);
  return assemble(
    { name, manifestFile: manifest.file, imagesFile: images.file, images: entries },
    registries,
    allowed,
    problems,
  );
}

/** Parses a manifest that holds its registries and its images in one file. */
export function parsePlain(name: string, manifest: ManifestText, allowed: AllowedRegistries): ParsedProject {
  const problems: Problem[] = [];
  const opened = open(manifest, problems);
  if (opened === undefined) return { problems };
  const fields = readFields(opened.root, 'the manifest', PLAIN_KEYS, opened.reading);
  const registries = readRegistries(fields.get('registries')?.at(-1), opened.root, opened.reading);
  const images = readImages(fields.get('images')?.at(-1), longestName(registries), opened.reading);
  return assemble(
    { name, manifestFile: manifest.file, imagesFile: manifest.file, images },
    registries,
    allowed,
    problems,
  );
}

type Opened = { readonly root: YamlNode; readonly reading: ManifestReading };

function open({ file, bytes }: ManifestText, problems: Problem[]): Opened | undefined {
  const text = decode(bytes);
  if (typeof text !== 'string') {
    const position = sourceText(file, text.lossy).at(text.lossy.indexOf('\uFFFD'));
    problems.push({
      code: 'MANIFEST_INVALID',
      message: 'the file is not UTF-8 text',
      hint: 'save it as UTF-8',
      position,
    });
    return undefined;
  }
  const document = parseYaml(file, text);
  if ('root' in document) return { root: document.root, reading: manifestReading(document.at, problems) };
  problems.push({ code: 'MANIFEST_INVALID', ...document });
  return undefined;
}

/** Drops a byte order mark. */
function decode(bytes: Uint8Array): string | { lossy: string } {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { lossy: new TextDecoder('utf-8').decode(bytes) };
  }
}

function longestName(registries: Registries | undefined): string | undefined {
  return registries?.all
    .map((entry) => entry.name)
    .reduce((longest, name) => (name.length > longest.length ? name : longest));
}

function assemble(
  parts: Pick<Project, 'name' | 'manifestFile' | 'imagesFile' | 'images'>,
  registries: Registries | undefined,
  allowed: AllowedRegistries,
  problems: Problem[],
): ParsedProject {
  for (const entry of registries?.all ?? []) {
    if (allowed === undefined || allowed.some((pattern) => pattern.matches(entry.name))) continue;
    problems.push({
      code: 'REGISTRY_NOT_ALLOWED',
      message: `the registry ${entry.name} is not allowed`,
      hint: `name one that matches --allow-registry (${allowed.map((pattern) => pattern.text).join(', ')}), or allow this one`,
      position: entry.position,
    });
  }
  const usable = problems.every((problem) => problem.code === 'ENTRY_INVALID');
  if (registries === undefined || !usable) return { problems };
  const { all, source, destinations } = registries;
  return { project: { ...parts, registries: all, source: source.name, destinations }, problems };
}
