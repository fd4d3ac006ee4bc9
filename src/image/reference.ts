import { canonicalHost, defaultPort, hostProblem, isUnmistakable, plainForm } from './host.ts';

/**
 * A repository with its registry, `host[:port]/path`, for example `localhost:5000/staging/app`; compared
 * exactly, never by prefix.
 */
export type RepositoryName = string;

// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** The grammar of repository paths and tags, for the schemas that editors read. */
export const GRAMMAR = { path: PATH.source, tag: TAG.source } as const;

/** Host and name together may have this many characters (distribution-spec, «Pulling manifests»). */
const MAX_NAME_LENGTH = 255;
const TOO_LONG = `is longer than ${MAX_NAME_LENGTH} characters`;
/** The longest tag, of the same specification. */
export const MAX_TAG_LENGTH = 128;

/** True for a tag of the distribution-spec grammar: 1 to 128 characters, no `/`, no `:`. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** True for a repository path of the distribution-spec grammar: lower case, `/` between components. */
export function isRepositoryPath(text: string): boolean {
  // no name is so long, and the expression needs memory for each character
  return text.length <= 16 * MAX_NAME_LENGTH && PATH.test(text);
}

/** Returns why this is not a `host[:port][/path]`, as half a sentence; undefined if it is. */
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

/** One registry that people know under several names: https://github.com/distribution/reference/blob/v0.6.0/normalize.go */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['index.docker.io', 'docker.io'],
  ['registry-1.docker.io', 'docker.io'],
]);

/** The one spelling of a valid `host[:port][/path]`: of its host, since paths have no other. */
export function canonicalRepository(name: string): RepositoryName {
  const { host, path } = splitRepository(name);
  const known = canonicalHost(host);
  const registry = ALIASES.get(known) ?? known;
  return path === '' ? registry : `${registry}/${path}`;
}

/** How people may write a registry or repository: in its one spelling, with its port, by another name of its host. */
export function spellingsOf(name: string): readonly string[] {
  const { host, path } = splitRepository(canonicalRepository(name));
  const rest = path === '' ? '' : `/${path}`;
  const others = [...ALIASES].flatMap(([alias, known]) => (known === host ? [alias] : []));
  const withPort = /:\d+$/.test(host) ? [] : [`${host}:${defaultPort(host)}`];
  return [host, ...withPort, ...others].map((one) => `${one}${rest}`);
}

/** What to write for a name that is not a `host[:port][/path]`. */
export function repositoryHint(name: string, example: string): string {
  const { host } = splitRepository(name.slice(0, MAX_NAME_LENGTH));
  const plain = plainForm(host);
  return plain === undefined ? `write host[:port][/path], for example "${example}"` : `write ${plain} for ${host}`;
}

/** The registry's `host[:port]` and the path below it (empty when there is none). */
export function splitRepository(name: RepositoryName): { readonly host: string; readonly path: string } {
  const slash = name.indexOf('/');
  return slash < 0 ? { host: name, path: '' } : { host: name.slice(0, slash), path: name.slice(slash + 1) };
}

/** The registry's `host[:port]`. */
export function hostOf(name: RepositoryName): string {
  return splitRepository(name).host;
}

/** Joins a registry of a manifest and an image name, exactly. */
export function joinRepository(registry: string, image: string): RepositoryName {
  return `${registry}/${image}`;
}

/** The references that a target gets: one a tag, or the digest when it has none. */
export function refsOf(
  repository: RepositoryName,
  tags: readonly string[],
  digest: string,
): readonly [string, ...string[]] {
  const [first, ...others] = tags.map((tag) => `${repository}:${tag}`);
  return first === undefined ? [`${repository}@${digest}`] : [first, ...others];
}

/** The repository of `repository:tag` or `repository@digest`. */
export function repositoryOf(ref: string): RepositoryName {
  const digest = ref.indexOf('@');
  return digest >= 0 ? ref.slice(0, digest) : ref.replace(/:[^/:]*$/, '');
}

/** The tag of `repository:tag`; undefined for a reference by digest. */
export function tagOf(ref: string): string | undefined {
  return /^[^@]*\/[^@/]*:([^@/:]+)$/.exec(ref)?.[1];
}

/** The path of a repository below `root`, empty for `root` itself; undefined for what is elsewhere. A prefix counts only up to a "/". */
export function pathBelow(root: RepositoryName, repository: RepositoryName): string | undefined {
  if (repository === root) return '';
  return repository.startsWith(`${root}/`) ? repository.slice(root.length + 1) : undefined;
}
