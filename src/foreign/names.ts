import {
  canonicalRepository,
  isTag,
  repositoryProblem,
  splitRepository,
  type RepositoryName,
} from '../image/reference.ts';
import { isDigest, type Digest } from '../image/digest.ts';

/** A name of an image as Docker reads it, such as `alpine:3.20` for `docker.io/library/alpine:3.20`. */
export type ImageName = {
  readonly repository: RepositoryName;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
};

/** Reads an image name; returns a predicate if it is invalid. https://github.com/distribution/reference/blob/v0.6.0/normalize.go */
export function imageName(text: string): ImageName | { readonly problem: string } {
  const [name = '', digest, extra] = text.split('@');
  if (/^[a-z]+:\/\//.test(text)) return { problem: `is ${schemeOf(text)}, not an image of a registry` };
  if (extra !== undefined || (digest !== undefined && !isDigest(digest))) return { problem: 'has an invalid digest' };
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const tag = hasTag ? name.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) return { problem: 'has an invalid tag' };
  const repository = withHost(hasTag ? name.slice(0, colon) : name);
  const problem = repositoryProblem(repository);
  if (problem !== undefined) return { problem };
  const known = canonicalRepository(repository);
  if (splitRepository(known).path === '') return { problem: 'has no repository' };
  return { repository: inLibrary(known), tag, digest };
}

/** Reads the name of a registry with an optional path, to which names of images are joined. */
export function registryName(text: string): RepositoryName | { readonly problem: string } {
  const problem = repositoryProblem(text);
  return problem === undefined ? canonicalRepository(text) : { problem };
}

function withHost(name: string): string {
  const { host, path } = splitRepository(name);
  const isHost = path !== '' && (/[.:]/.test(host) || host === 'localhost' || host !== host.toLowerCase());
  return isHost ? name : `docker.io/${name}`;
}

function inLibrary(name: RepositoryName): RepositoryName {
  const { host, path } = splitRepository(name);
  return host === 'docker.io' && !path.includes('/') ? `${host}/library/${path}` : name;
}

function schemeOf(text: string): string {
  return `an address with the scheme ${text.slice(0, text.indexOf(':'))}`;
}
