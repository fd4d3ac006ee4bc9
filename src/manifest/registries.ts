import { withoutEndSlashes } from '../image/end-slashes.ts';
import { canonicalRepository, repositoryHint, repositoryProblem } from '../image/reference.ts';
import { invalidFile, readFields, readList, readTextField } from '../yaml/fields.ts';
import type { RegistryEntry } from './manifest.ts';
import { readBoolean } from '../yaml/scalars.ts';
import type { ManifestReading } from './reading.ts';
import { quote } from '../yaml/source-text.ts';
import type { YamlNode } from '../yaml/node.ts';

/** The registries of a manifest by role; undefined if the list is invalid. */
export type Registries = {
  readonly all: readonly RegistryEntry[];
  readonly source: RegistryEntry;
  readonly destinations: readonly RegistryEntry[];
};

/** Parses the list under the key `registries`; a missing one is reported at `place`. */
export function readRegistries(
  list: YamlNode | undefined,
  place: YamlNode,
  reading: ManifestReading,
): Registries | undefined {
  const before = reading.problems.length;
  const read = readList(list, '"registries"', reading).flatMap((item) => readRegistry(item, reading) ?? []);
  const all = read.map(({ entry }) => entry);
  if (reading.problems.length > before) return undefined;
  const [source, second] = all.filter((entry) => entry.isSource);
  if (source === undefined) {
    invalidFile(
      reading,
      list ?? place,
      'there is no source registry',
      'mark exactly one entry of "registries" with "src: true"',
    );
    return undefined;
  }
  if (second !== undefined) {
    const message = `there are two source registries, ${quote(source.name)} and ${quote(second.name)}`;
    reading.problems.push({
      code: 'MANIFEST_INVALID',
      message,
      hint: 'keep "src: true" at exactly one',
      position: second.position,
    });
    return undefined;
  }
  const destinations = destinationsIn(read, source, reading);
  if (destinations.length > 0) return { all, source, destinations };
  invalidFile(
    reading,
    list ?? place,
    'there is no destination registry, so nothing would be promoted',
    'add to "registries" each registry that gets the images',
  );
  return undefined;
}

/** An entry, and its name as written. */
type WrittenEntry = { readonly entry: RegistryEntry; readonly written: string };

/** Returns each destination once, at its first position. */
function destinationsIn(
  all: readonly WrittenEntry[],
  source: RegistryEntry,
  { warnings }: ManifestReading,
): readonly RegistryEntry[] {
  const destinations = new Map<string, RegistryEntry>();
  for (const { entry, written } of all) {
    if (entry.isSource) continue;
    const { name, position } = entry;
    const known = destinations.get(name);
    if (known !== undefined) {
      const message = `the destination ${quote(written)} is listed twice`;
      const hint = `remove it here, or in line ${known.position.line}`;
      warnings.push({ code: 'NO_EFFECT', message, hint, position });
      continue;
    }
    destinations.set(name, entry);
    if (name !== source.name) continue;
    const message = `the destination ${quote(written)} is the source registry: nothing is copied, tags are written there`;
    warnings.push({ code: 'NO_EFFECT', message, hint: 'remove it, unless staging is to be tagged in place', position });
  }
  return [...destinations.values()];
}

function readRegistry(item: YamlNode, reading: ManifestReading): WrittenEntry | undefined {
  const before = reading.problems.length;
  const fields = readFields(item, 'a registry', ['name', 'src', 'service-account'], reading);
  const written = readTextField(fields.get('name'), 'the name of a registry', reading) ?? '';
  const serviceAccount = readTextField(fields.get('service-account'), 'a service account', reading) ?? '';
  if (reading.problems.length > before) return undefined; // a misspelt key is not a missing name
  const node = fields.get('name')?.at(-1) ?? item;
  const name = withoutEndSlashes(written);
  const problem = repositoryProblem(name);
  if (problem !== undefined) {
    invalidFile(
      reading,
      node,
      `the registry name ${quote(written)} ${problem}`,
      repositoryHint(name, 'us-docker.pkg.dev/project/images'),
    );
  }
  const isSource = readSource(fields.get('src')?.at(-1), reading);
  if (problem !== undefined || isSource === undefined) return undefined;
  const entry = {
    name: canonicalRepository(name),
    isSource,
    ...(serviceAccount === '' ? {} : { serviceAccount }),
    position: reading.at(node.offset),
  };
  return { entry, written: name };
}

function readSource(node: YamlNode | undefined, reading: ManifestReading): boolean | undefined {
  if (node === undefined) return false;
  const value = readBoolean(node);
  if (typeof value === 'boolean') return value;
  invalidFile(reading, node, `"src" ${value.reason}`, 'write true or false without quotation marks');
  return undefined;
}
