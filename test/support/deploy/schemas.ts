import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

type Schema = { readonly [key: string]: unknown };
type Kind = { readonly group: string; readonly version: string; readonly kind: string };
type Definition = Schema & { readonly 'x-kubernetes-group-version-kind'?: readonly Kind[] };

const REFERENCE = /"#\/definitions\/([^"]+)"/g;

/** A location of schemas for kubeconform: the names of the files that `writeSchemas` writes. */
export function schemaLocation(folder: string): string {
  return join(folder, '{{.ResourceKind}}_{{.Group}}_{{.ResourceAPIVersion}}.json');
}

/** Writes a strict JSON schema for each of the kinds that the OpenAPI description of Kubernetes has. */
export async function writeSchemas(openapi: string, folder: string, kinds: readonly string[]): Promise<void> {
  const { definitions } = JSON.parse(await readFile(openapi, 'utf8')) as { definitions: Record<string, Definition> };
  for (const [name, definition] of Object.entries(definitions)) {
    // Kinds that every group has, such as DeleteOptions, have several of these.
    const [own, ...others] = definition['x-kubernetes-group-version-kind'] ?? [];
    if (own === undefined || others.length > 0 || !kinds.includes(own.kind)) continue;
    const needed = [...reachable(definitions, name)].map((one) => [one, strict(definitions[one] ?? {})] as const);
    const schema = { $ref: `#/definitions/${name}`, definitions: Object.fromEntries(needed) };
    // kubeconform takes the first part of `v1` and of `apps/v1` for the group
    const file = `${own.kind}_${own.group || own.version}_${own.version}`.toLowerCase();
    await writeFile(join(folder, `${file}.json`), JSON.stringify(schema));
  }
}

/** Returns the name and those of all definitions that it refers to. */
function reachable(definitions: Readonly<Record<string, Definition>>, name: string): ReadonlySet<string> {
  const names = new Set([name]);
  for (const one of names)
    for (const [, other = ''] of JSON.stringify(definitions[one] ?? {}).matchAll(REFERENCE)) names.add(other);
  return names;
}

/** Kubernetes' description allows unknown fields, and gives the formats of Go as strings. */
function strict(schema: Schema): Schema {
  if (schema['format'] === 'int-or-string') return { oneOf: [{ type: 'string' }, { type: 'integer' }] };
  if (schema['properties'] === undefined) return schema;
  return { ...schema, additionalProperties: false };
}
