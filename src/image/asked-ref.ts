import { isDigest, type Digest } from './digest.ts';
import { canonicalRepository, isTag, repositoryProblem, splitRepository, type RepositoryName } from './reference.ts';

/** A reference given by the user; without tag and digest it means the whole repository. */
export type AskedRef = {
  readonly repository: RepositoryName;
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
};

/**
 * Parses `host/path`, `host/path:tag`, `host/path@digest` or `host/path:tag@digest`; returns undefined for other text.
 */
export function parseRef(text: string): AskedRef | undefined {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  // the colon of a port is followed by the path
  const tag = colon < 0 || named.includes('/', colon) ? undefined : named.slice(colon + 1);
  const written = tag === undefined ? named : named.slice(0, colon);
  if (repositoryProblem(written) !== undefined || splitRepository(written).path === '') return undefined;
  const repository = canonicalRepository(written);
  if (tag !== undefined && !isTag(tag)) return undefined;
  return digest === undefined || isDigest(digest) ? { repository, tag, digest } : undefined;
}

/** Formats the reference. */
export function refText({ repository, tag, digest }: AskedRef): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The scheme that distinguishes the address of an artifact from the path of a file. */
const OCI_SCHEME = 'oci://';

/** Returns true for text that names an artifact in a registry, valid or not. */
export function isOciAddress(text: string): boolean {
  return text.toLowerCase().startsWith(OCI_SCHEME);
}

/** Parses `oci://host/path:tag` or `oci://host/path@digest`; returns undefined for other text, also without either. */
export function parseOciAddress(text: string): AskedRef | undefined {
  const ref = isOciAddress(text) ? parseRef(text.slice(OCI_SCHEME.length)) : undefined;
  return ref?.tag === undefined && ref?.digest === undefined ? undefined : ref;
}
