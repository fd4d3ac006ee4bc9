import { compilePattern, coversRegistry, type Pattern } from '../image/pattern.ts';
import { readFields } from '../yaml/fields.ts';
import { readImages, type ImageList } from './images.ts';
import type { Problem, Project, Warning } from './manifest.ts';
import { readRegistries, type Registries } from './registries.ts';
import { manifestReading, newNotes, toldNotes, warn, type ManifestReading, type Notes } from './reading.ts';
import type { Position } from '../errors.ts';
import type { ProvenancePolicy } from '../policy/provenance.ts';
import type { YamlNode } from '../yaml/node.ts';
import { openYaml, type YamlProblem } from '../yaml/document.ts';
import { isNull } from '../yaml/scalars.ts';
import { PROVENANCE } from './policies/provenance-schema.ts';
import { readProvenance } from './policies/read-provenance.ts';
import { readAs } from '../yaml/schema.ts';

/** The bytes of one file and its displayed name. */
export type ManifestText = { readonly file: string; readonly bytes: Uint8Array };

/** The result of parsing one project: with a problem other than ENTRY_INVALID there is no project. */
export type ParsedProject = {
  readonly project?: Project;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
  /** The manifest's policy for all images of its source registry, whether or not it can be promoted itself. */
  readonly declared?: Declared;
};

/** Undefined if the registries cannot be read. */
export type Declared = {
  readonly project: string;
  readonly manifestFile: string;
  readonly source: string;
  readonly sourceAt: Position;
  /** `unreadable`: there is a policy, but it is invalid. */
  readonly provenance: ProvenancePolicy | 'unreadable' | undefined;
};

/** Registries that manifests may name; undefined permits all. */
export type AllowedRegistries = readonly Pattern[] | undefined;

// `imagesPath` is accepted and has no effect, as in upstream.
const THIN_KEYS = ['registries', 'imagesPath', 'provenance'] as const;
const PLAIN_KEYS = ['registries', 'images', 'imagesPath', 'provenance'] as const;

/** Ten times as many destinations as all of production has: two small files could otherwise request billions. */
const MAX_REPOSITORIES = 300_000;

/** Compiles the patterns of `--allow-registry`; an empty list permits every registry. Throws USAGE. */
export function allowedRegistries(patterns: readonly string[] = []): AllowedRegistries {
  return patterns.length === 0 ? undefined : patterns.map(compilePattern);
}

/** Parses a manifest and its images file. */
export function parseThin(
  name: string,
  manifest: ManifestText,
  images: ManifestText,
  allowed: AllowedRegistries,
): ParsedProject {
  const notes = newNotes();
  const opened = open(manifest, notes);
  const head = opened && readHead(opened, THIN_KEYS);
  const list = open(images, notes);
  const about = { isTree: true, ...originOf(head?.registries, images.file) };
  const entries = list === undefined ? [] : readImages(list.root, list.root, about, list.reading);
  return assemble(
    { name, manifestFile: manifest.file, imagesFile: images.file, images: entries },
    head,
    allowed,
    notes,
  );
}

/** Parses a manifest that contains registries and images in one file. */
export function parsePlain(name: string, manifest: ManifestText, allowed: AllowedRegistries): ParsedProject {
  const notes = newNotes();
  const opened = open(manifest, notes);
  if (opened === undefined) return toldNotes(notes);
  const { root, reading } = opened;
  const head = readHead(opened, PLAIN_KEYS);
  const list = head.fields.get('images')?.at(-1);
  const about = { isTree: false, ...originOf(head.registries, manifest.file) };
  const images = readImages(list, root, about, reading);
  return assemble({ name, manifestFile: manifest.file, imagesFile: manifest.file, images }, head, allowed, notes);
}

type Opened = { readonly root: YamlNode; readonly reading: ManifestReading };

function open({ file, bytes }: ManifestText, notes: Notes): Opened | undefined {
  const document = openYaml(file, bytes);
  if ('root' in document) return { root: document.root, reading: manifestReading(document.at, notes) };
  notes.problems.push({ code: 'MANIFEST_INVALID', ...document });
  return undefined;
}

type Head = {
  readonly registries: Registries | undefined;
  readonly provenance: ProvenancePolicy | 'unreadable' | undefined;
};

/** Parses a manifest without its images. */
function readHead(
  { root, reading }: Opened,
  keys: readonly (typeof PLAIN_KEYS)[number][],
): Head & { readonly fields: ReadonlyMap<string, readonly YamlNode[]> } {
  const fields: ReadonlyMap<string, readonly YamlNode[]> = readFields(root, 'the manifest', keys, reading);
  const unused = fields.get('imagesPath')?.at(-1);
  if (unused !== undefined) warn(reading, unused, '"imagesPath" has no effect', 'remove it');
  const registries = readRegistries(fields.get('registries')?.at(-1), root, reading);
  return { fields, registries, provenance: provenanceIn(fields.get('provenance')?.at(-1), reading) };
}

/** Null sets no policy, as in upstream. */
function provenanceIn(
  node: YamlNode | undefined,
  { at, problems }: ManifestReading,
): ProvenancePolicy | 'unreadable' | undefined {
  if (node === undefined || isNull(node)) return undefined;
  const refuse = (one: YamlProblem): void => problems.push({ code: 'POLICY_INVALID', ...one });
  const written = readAs(PROVENANCE, node, '"provenance"', { at, refuse });
  return (written && readProvenance(written, refuse, { expressions: 0 })) ?? 'unreadable';
}

function originOf(registries: Registries | undefined, file: string): Pick<ImageList, 'registry' | 'from'> {
  const registry = registries?.all
    .map((entry) => entry.name)
    .reduce((longest, name) => (name.length > longest.length ? name : longest));
  return { registry, from: registries?.source.name ?? file };
}

function assemble(
  parts: Pick<Project, 'name' | 'manifestFile' | 'imagesFile' | 'images'>,
  { registries, provenance }: Partial<Head> = {},
  allowed: AllowedRegistries,
  notes: Notes,
): ParsedProject {
  for (const entry of registries?.all ?? []) {
    if (allowed === undefined || allowed.some((pattern) => coversRegistry(pattern, entry.name))) continue;
    notes.problems.push({
      code: 'REGISTRY_NOT_ALLOWED',
      message: `the registry ${entry.name} is not allowed`,
      hint: `name one that matches --allow-registry (${allowed.map((pattern) => pattern.text).join(', ')}), or allow this one`,
      position: entry.position,
    });
  }
  checkSize(parts, registries, notes);
  const { problems, warnings } = toldNotes(notes);
  const usable = problems.every((problem) => problem.code === 'ENTRY_INVALID');
  // warnings are reported only after all problems are corrected
  if (registries === undefined) return { problems, warnings: [] };
  const { all, source, destinations } = registries;
  const declared: Declared = {
    project: parts.name,
    manifestFile: parts.manifestFile,
    source: source.name,
    sourceAt: source.position,
    provenance,
  };
  if (!usable || provenance === 'unreadable') return { problems, warnings: [], declared };
  const policy = provenance === undefined ? {} : { policy: { provenance } };
  return {
    project: { ...parts, registries: all, source: source.name, destinations, ...policy },
    problems,
    warnings,
    declared,
  };
}

/** Rejects a project whose images and registries are few lines, but too many repositories together. */
function checkSize(
  { images, manifestFile }: Pick<Project, 'manifestFile' | 'images'>,
  registries: Registries | undefined,
  { problems }: Notes,
): void {
  const repositories = (registries?.destinations.length ?? 0) * new Set(images.map(({ name }) => name)).size;
  if (repositories <= MAX_REPOSITORIES) return;
  const [asked, most] = [repositories, MAX_REPOSITORIES].map((number) => number.toLocaleString('en-US'));
  problems.push({
    code: 'MANIFEST_INVALID',
    message: `its images would go to ${asked} repositories, more than ${most}`,
    hint: 'divide it into several projects, or name fewer registries',
    position: registries?.source.position ?? { file: manifestFile, line: 1, column: 1 },
  });
}
