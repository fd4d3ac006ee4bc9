import { withoutEndSlashes } from '../../image/end-slashes.ts';
/** The parts of a package URL that identify a package version. */
type PackageUrl = { readonly type: string; readonly name: string; readonly version?: string };

/**
 * Parses `pkg:type/namespace/name@version?qualifiers#subpath` (https://github.com/package-url/purl-spec); returns
 * undefined for other text.
 */
export function parsePackageUrl(text: string): PackageUrl | undefined {
  const [, type = '', rest = ''] = /^pkg:\/*([a-z0-9.+-]+)\/+([^?#]+)/i.exec(text) ?? [];
  // the scope of an npm package begins with an @ if it is not encoded
  const at = rest.lastIndexOf('@');
  const name = withoutEndSlashes(decoded(at > 0 ? rest.slice(0, at) : rest) ?? '');
  const version = at > 0 ? decoded(rest.slice(at + 1)) : undefined;
  if (name === '' || (at > 0 && version === undefined)) return undefined;
  return { type: type.toLowerCase(), name, ...(version !== undefined && { version }) };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
