import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PromotionError } from '../../../errors.ts';
import type { Secrets } from '../../../secrets/secrets.ts';
import { jsonSecrets } from '../../../secrets/find-secrets.ts';
import type { Credential } from '../credential.ts';

/** One entry of a file that may hold a credential: an entry of `auths`, or a helper program. */
export type DockerSlot =
  | { readonly kind: 'entry'; readonly id: string; read(): Credential | undefined }
  | { readonly kind: 'helper'; readonly id: string; readonly helper: string; readonly server: string };

/** A configuration file of Docker or Podman. */
export type DockerFile = {
  /**
   * Returns the entries for a repository, the longest key first. Without a repository, returns only the entries of the
   * whole host.
   */
  slots(host: string, repository: string | undefined): Iterable<DockerSlot>;
};

export type DockerPaths = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  /** Learns every secret that the sources read, so that it can be redacted. */
  readonly secrets?: Pick<Secrets, 'learn' | 'hide'>;
};

/** Reads the files that exist, in order of precedence. Throws UNAUTHORIZED if a file cannot be read. */
export async function readDockerFiles({ env, home, secrets }: DockerPaths): Promise<readonly DockerFile[]> {
  const { DOCKER_CONFIG, REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME } = env;
  const paths = [join(DOCKER_CONFIG || join(home, '.docker'), 'config.json')];
  if (REGISTRY_AUTH_FILE) paths.push(REGISTRY_AUTH_FILE);
  if (XDG_RUNTIME_DIR) paths.push(join(XDG_RUNTIME_DIR, 'containers', 'auth.json'));
  paths.push(join(XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'));
  const files = await Promise.all(paths.map((path) => readConfig(path, home, secrets)));
  return files.filter((file) => file !== undefined);
}

// https://docs.docker.com/reference/cli/docker/#configuration-files and containers-auth.json(5)
const AuthEntry = z.object({
  auth: z.string().nullish(),
  username: z.string().nullish(),
  password: z.string().nullish(),
  identitytoken: z.string().nullish(),
  registrytoken: z.string().nullish(),
});
// Each entry is parsed when it is needed, so that an invalid one does not affect the others.
const DockerConfigJson = z.object({
  auths: z.record(z.string(), z.unknown()).nullish(),
  credHelpers: z.record(z.string(), z.unknown()).nullish(),
  credsStore: z.string().nullish(),
});

async function readConfig(
  path: string,
  home: string,
  secrets: DockerPaths['secrets'],
): Promise<DockerFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw configError(path, 'cannot be read', error);
  }
  for (const secret of jsonSecrets(text)) secrets?.learn(secret);
  try {
    return dockerFile(DockerConfigJson.parse(JSON.parse(text)), path, home);
  } catch (error) {
    // Keeps only the kind of the parser's error, because its message may quote the file.
    throw configError(
      path,
      error instanceof SyntaxError ? 'is not JSON' : 'has entries in a format that Docker does not write',
    );
  }
}

function dockerFile({ auths, credHelpers, credsStore }: z.infer<typeof DockerConfigJson>, path: string, home: string) {
  const entries = byPlace(auths ?? {});
  const helpers = byPlace(credHelpers ?? {});
  const from = path.startsWith(join(home, '/')) ? `~${path.slice(join(home, '/').length - 1)}` : path;
  const slot = (id: string, helper: string, server: string): DockerSlot => ({ kind: 'helper', id, helper, server });
  return {
    *slots(host: string, repository: string | undefined): Generator<DockerSlot> {
      for (const place of placesOf(host, repository)) {
        const isHost = !place.includes('/');
        const helper = programIn(helpers.get(place), path) || (isHost ? credsStore : undefined);
        if (helper) yield slot(`${path} ${place} ${helper}`, helper, isHost ? serverName(host) : place);
        const entry = entries.get(place);
        if (entry !== undefined)
          yield { kind: 'entry', id: `${path} ${place}`, read: () => credentialIn(entry, path, from) };
      }
    },
  };
}

/**
 * Groups the entries by the host or namespace of their keys. If several keys stand for one place, the one that Docker
 * itself writes wins.
 */
function byPlace(
  entries: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, readonly [key: string, value: unknown]> {
  const places = new Map<string, readonly [string, unknown]>();
  for (const [key, value] of Object.entries(entries)) {
    const place = placeOf(key);
    if (place !== '' && (!places.has(place) || key === serverName(place))) places.set(place, [key, value]);
  }
  return places;
}

/** Yields `host/a/b`, `host/a` and `host` for the repository `a/b` (containers-auth.json(5)). */
function* placesOf(host: string, repository = ''): Generator<string> {
  const name = hostPlace(host.toLowerCase());
  const parts = repository === '' ? [] : repository.split('/');
  for (let length = parts.length; length > 0; length -= 1) yield [name, ...parts.slice(0, length)].join('/');
  yield name;
}

const HUB = 'https://index.docker.io/v1/';
const HUB_HOSTS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

function hostPlace(host: string): string {
  return HUB_HOSTS.has(host) ? 'docker.io' : host;
}

/** Returns the name under which Docker stores a host's credential. */
function serverName(host: string): string {
  return HUB_HOSTS.has(host) ? HUB : host;
}

/** Returns the host, or `host/namespace`, that a key stands for. Old versions wrote a host as `https://host/v1/`. */
function placeOf(key: string): string {
  const [, scheme, host = '', rest = ''] = /^(https?:\/\/)?([^/]*)(.*)$/i.exec(key) ?? [];
  const name = hostPlace(host.toLowerCase());
  const path = rest.replace(/^\/+|\/+$/g, '');
  return scheme !== undefined || path === '' || path === 'v1' || path === 'v2' ? name : `${name}/${path}`;
}

function programIn(entry: readonly [string, unknown] | undefined, path: string): string | undefined {
  const [key, name] = entry ?? [];
  if (name === undefined || name === null || typeof name === 'string') return name ?? undefined;
  throw configError(path, `has a "credHelpers" for ${key} that is not a program name`);
}

function credentialIn([key, value]: readonly [string, unknown], path: string, from: string): Credential | undefined {
  if (value === null) return undefined;
  const { data: entry } = AuthEntry.safeParse(value);
  if (entry === undefined) throw configError(path, `has an entry for ${key} in a format that Docker does not write`);
  const { username, password } = entry.auth ? decoded(entry.auth, path, key) : entry;
  if (entry.registrytoken) return { kind: 'registry', token: entry.registrytoken, from };
  if (entry.identitytoken) return { kind: 'identity', username: username ?? '', token: entry.identitytoken, from };
  return username ? { kind: 'basic', username, password: password ?? '', from } : undefined;
}

function decoded(auth: string, path: string, key: string): { readonly username: string; readonly password: string } {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) throw configError(path, `has an "auth" for ${key} that is not base64 of user:password`);
  // Old Docker versions padded with NUL.
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}

function configError(path: string, what: string, cause?: unknown): PromotionError {
  return new PromotionError('UNAUTHORIZED', `reading credentials: ${path} ${what}`, {
    cause,
    hint: 'repair the file, or remove it and log in again',
  });
}
