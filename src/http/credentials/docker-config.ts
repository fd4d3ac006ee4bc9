import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { PromotionError } from '../../errors.ts';
import { singleFlight } from '../single-flight.ts';
import type { Credential, CredentialSource } from './credential.ts';
import { askHelper, type HelperOptions } from './helper.ts';

export type DockerConfigOptions = HelperOptions & {
  /** The user's home folder. */
  readonly home: string;
};

/**
 * Credentials as the Docker CLI and Podman keep them: `config.json` in DOCKER_CONFIG or `~/.docker`, then containers'
 * `auth.json`. Files are read when the first host is asked for, and each host is looked up once; a helper is asked again
 * when what it gave is refused.
 */
export function dockerConfig(options: DockerConfigOptions): CredentialSource {
  const known = new Map<string, Credential | undefined>();
  const flight = singleFlight<Credential | undefined>();
  let files: Promise<readonly ConfigFile[]> | undefined;
  return async (host, signal, refused) => {
    const name = host.toLowerCase();
    const before = known.get(name);
    if (known.has(name) && (refused === undefined || before !== refused)) return before;
    return flight(name, signal, async (shared) => {
      files ??= readFiles(options);
      const found = await lookUp(await files, name, options, shared);
      // The same thing once more stays the same object, so that whoever has tried it knows it.
      const kept = isDeepStrictEqual(found, before) ? before : found;
      known.set(name, kept);
      return kept;
    });
  };
}

// https://docs.docker.com/reference/cli/docker/#configuration-files and containers-auth.json(5)
const AuthEntry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
const DockerConfigJson = z.object({
  auths: z.record(z.string(), AuthEntry).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
});

type ConfigFile = z.infer<typeof DockerConfigJson> & { readonly path: string };

async function readFiles({ env, home }: DockerConfigOptions): Promise<readonly ConfigFile[]> {
  const { DOCKER_CONFIG, REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME } = env;
  const paths = [join(DOCKER_CONFIG || join(home, '.docker'), 'config.json')];
  if (REGISTRY_AUTH_FILE) paths.push(REGISTRY_AUTH_FILE);
  if (XDG_RUNTIME_DIR) paths.push(join(XDG_RUNTIME_DIR, 'containers', 'auth.json'));
  paths.push(join(XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'));
  const files = await Promise.all(paths.map(readConfig));
  return files.filter((file) => file !== undefined);
}

async function readConfig(path: string): Promise<ConfigFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw configError(path, 'cannot be read', error);
  }
  try {
    return { ...DockerConfigJson.parse(JSON.parse(text)), path };
  } catch (error) {
    // The parser's message may quote the file, so only its kind is kept.
    throw configError(
      path,
      error instanceof SyntaxError ? 'is no JSON' : 'has no entries of the form that Docker writes',
    );
  }
}

function configError(path: string, what: string, cause?: unknown): PromotionError {
  return new PromotionError('UNAUTHORIZED', `reading credentials: ${path} ${what}`, {
    cause,
    hint: 'repair the file, or remove it and log in again',
  });
}

async function lookUp(
  files: readonly ConfigFile[],
  host: string,
  options: HelperOptions,
  signal: AbortSignal,
): Promise<Credential | undefined> {
  for (const file of files) {
    const helper = valueFor(file.credHelpers ?? {}, host) ?? file.credsStore;
    const stored = helper ? await askHelper(helper, serverName(host), options, signal) : undefined;
    const found = stored ?? entryOf(file, host);
    if (found !== undefined) return found;
  }
  return undefined;
}

function entryOf(file: ConfigFile, host: string): Credential | undefined {
  const entry = valueFor(file.auths ?? {}, host);
  if (entry === undefined) return undefined;
  const { username = '', password = '' } = entry.auth ? decoded(entry.auth, file.path, host) : entry;
  if (entry.registrytoken) return { kind: 'registry', token: entry.registrytoken };
  if (entry.identitytoken) return { kind: 'identity', username, token: entry.identitytoken };
  return username === '' ? undefined : { kind: 'basic', username, password };
}

function decoded(auth: string, path: string, host: string): { readonly username: string; readonly password: string } {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) throw configError(path, `has an "auth" for ${host} that is not base64 of user:password`);
  // Old Docker versions padded with NUL.
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}

const HUB = 'https://index.docker.io/v1/';
const HUB_HOSTS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** The name under which Docker keeps a host's credential. */
function serverName(host: string): string {
  return HUB_HOSTS.has(host) ? HUB : host;
}

/** The entry whose key means this host, the plain name first; hosts are compared whole. */
function valueFor<T>(entries: Readonly<Record<string, T>>, host: string): T | undefined {
  const exact = Object.hasOwn(entries, serverName(host)) ? entries[serverName(host)] : undefined;
  if (exact !== undefined) return exact;
  const wanted = HUB_HOSTS.has(host) ? HUB_HOSTS : new Set([host]);
  return Object.entries(entries).find(([key]) => wanted.has(hostOfKey(key)))?.[1];
}

/** `https://host/v1/` as old versions wrote it. A key with a path but no scheme is about one namespace (containers-auth.json), not the host. */
function hostOfKey(key: string): string {
  const [, scheme, host = '', path = ''] = /^(https?:\/\/)?([^/]*)(.*)$/.exec(key.toLowerCase()) ?? [];
  return scheme === undefined && !/^\/?(?:v[12]\/?)?$/.test(path) ? '' : host;
}
