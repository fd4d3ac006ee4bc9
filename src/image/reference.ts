import { canonicalHost, defaultPort, hostProblem, isUnmistakable, plainForm } from './host.ts';

/**
 * A repository with its registry, `host[:port]/path`, for example `localhost:5000/staging/app`. Compared exactly, never
 * by prefix.
 */
export type RepositoryName = string;

// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** The grammar of repository paths and tags, for the schemas of editors. */
export const GRAMMAR = { path: PATH.source, tag: TAG.source } as const;

/** Maximum characters of host and name together (distribution-spec, «Pulling manifests»). */
const MAX_NAME_LENGTH = 255;
const TOO_LONG = `is longer than ${MAX_NAME_LENGTH} characters`;
/** Maximum length of a tag, from the same specification. */
export const MAX_TAG_LENGTH = 128;

/** Returns true for a valid tag of the distribution specification: 1 to 128 characters, no `/`, no `:`. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Returns true for a valid repository path of the distribution specification: lower case, `/` between components. */
export function isRepositoryPath(text: string): boolean {
  // no name is that long, and the expression needs memory for each character
  return text.length <= 16 * MAX_NAME_LENGTH && PATH.test(text);
}

/** Returns why this is not a valid `host[:port][/path]`, as a predicate; undefined if it is valid. */
export function repositoryProblem(name: string): string | undefined {
  const { host, path } = splitRepository(name);
  if (name.length > 16 * MAX_NAME_LENGTH) return TOO_LONG;
  if (name.includes('://')) return 'has a scheme; a registry is named without one';
  if (name === '') return 'is empty';
  const problem = hostProblem(host);
  if (problem !== undefined) return `has no valid host before the first "/" ("${host}": ${problem})`;
  if (!isUnmistakable(host))
    return `has no registry before the first "/": "${host}" may be a host or an organisation; for an organisation of Docker Hub write docker.io/${name}, for a host ${host}:443`;
  if (path !== '' && !isRepositoryPath(path))
    return `has a path that is not lower-case components joined by "/" ("${path}")`;
  if (name.length > MAX_NAME_LENGTH) return TOO_LONG;
  return undefined;
}

/** Other names of a registry: https://github.com/distribution/reference/blob/v0.6.0/normalize.go */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['index.docker.io', 'docker.io'],
  ['registry-1.docker.io', 'docker.io'],
]);

/** Returns the canonical spelling of a valid `host[:port][/path]`: of its host, since paths have only one. */
export function canonicalRepository(name: string): RepositoryName {
  const { host, path } = splitRepository(name);
  const known = canonicalHost(host);
  const registry = ALIASES.get(known) ?? known;
  return path === '' ? registry : `${registry}/${path}`;
}

/**
 * Returns all spellings of a registry or repository: the canonical one, with its port, and with other names of its
 * host.
 */
export function spellingsOf(name: string): readonly string[] {
  const { host, path } = splitRepository(canonicalRepository(name));
  const rest = path === '' ? '' : `/${path}`;
  const others = [...ALIASES].flatMap(([alias, known]) => (known === host ? [alias] : []));
  const withPort = /:\d+$/.test(host) ? [] : [`${host}:${defaultPort(host)}`];
  return [host, ...withPort, ...others].map((one) => `${one}${rest}`);
}

/** Returns the hint for an invalid `host[:port][/path]`. */
export function repositoryHint(name: string, example: string): string {
  const { host } = splitRepository(name.slice(0, MAX_NAME_LENGTH));
  const plain = plainForm(host);
  return plain === undefined ? `write host[:port][/path], for example "${example}"` : `write ${plain} for ${host}`;
}

/** Splits a name into the registry's `host[:port]` and the path below it, which may be empty. */
export function splitRepository(name: RepositoryName): { readonly host: string; readonly path: string } {
  const slash = name.indexOf('/');
  return slash < 0 ? { host: name, path: '' } : { host: name.slice(0, slash), path: name.slice(slash + 1) };
}

/** Returns the registry's `host[:port]`. */
export function hostOf(name: RepositoryName): string {
  return splitRepository(name).host;
}

/** Joins the name of a registry and the name of an image. */
export function joinRepository(registry: string, image: string): RepositoryName {
  return `${registry}/${image}`;
}

/** Returns the references that a target gets: one for each tag, or the digest if it has none. */
export function refsOf(
  repository: RepositoryName,
  tags: readonly string[],
  digest: string,
): readonly [string, ...string[]] {
  const [first, ...others] = tags.map((tag) => `${repository}:${tag}`);
  return first === undefined ? [`${repository}@${digest}`] : [first, ...others];
}

/** Returns the repository of `repository:tag` or `repository@digest`. */
export function repositoryOf(ref: string): RepositoryName {
  const digest = ref.indexOf('@');
  return digest >= 0 ? ref.slice(0, digest) : ref.replace(/:[^/:]*$/, '');
}

/** Returns the tag of `repository:tag`; undefined for a reference by digest. */
export function tagOf(ref: string): string | undefined {
  return /^[^@]*\/[^@/]*:([^@/:]+)$/.exec(ref)?.[1];
}

/**
 * Returns the path of a repository below `root`, empty for `root` itself; undefined for a repository elsewhere. A
 * prefix matches only up to a "/".
 */
export function pathBelow(root: RepositoryName, repository: RepositoryName): string | undefined {
  if (repository === root) return '';
  return repository.startsWith(`${root}/`) ? repository.slice(root.length + 1) : undefined;
}
