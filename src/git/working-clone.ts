import path from 'node:path';
import { isPromotionError, PromotionError } from '../errors.ts';
import type { ObjectId } from './objects.ts';
import { gitIn, type GitRun, type GitServices } from './run.ts';

/** A repository on a server. The header is given to the one git process that needs it, and is written nowhere. */
export type Remote = { readonly url: string; readonly authorization: string | undefined };

/** The person a commit is attributed to. */
export type Author = { readonly name: string; readonly email: string };

/** A temporary clone with one branch. It runs no program that the repository names, and reaches no other server. */
export type WorkingClone = {
  readonly folder: string;
  /** The commit that was cloned. */
  readonly start: ObjectId;
  /** Commits one file. The same change of the same commit is the same commit again, since it has that one's time. */
  commit(file: string, message: string, author: Author): Promise<ObjectId>;
  /** Returns the last commit of a branch on a server, with its subject; undefined if there is no such branch. */
  tip(remote: Remote, branch: string): Promise<{ readonly commit: ObjectId; readonly subject: string } | undefined>;
  /** Pushes the commit. Throws GIT if the branch is not at `expected` any more; undefined if there is none. */
  push(remote: Remote, branch: string, expected: ObjectId | undefined): Promise<void>;
};

/** Clones the last commit of a branch into a folder below `parent`; throws GIT. */
export async function cloneBranch(
  parent: string,
  remote: Remote,
  branch: string,
  services: GitServices,
): Promise<WorkingClone> {
  const folder = path.join(parent, 'clone');
  const options = ['--quiet', '--depth=1', '--no-tags', '--template=', `--branch=${branch}`];
  await gitIn(parent, reaching(remote, services))(['clone', ...options, '--', remote.url, folder]);
  const clone: Clone = {
    at: (target) => gitIn(folder, reaching(target, services)),
    local: (extra = {}) => gitIn(folder, isolated(services, extra)),
  };
  return {
    folder,
    start: await lineOf(clone.local(), 'rev-parse', 'HEAD'),
    commit: (file, message, author) => commit(clone, file, message, author),
    tip: (target, name) => tip(clone, target, name),
    push: async (target, name, expected) => {
      try {
        await push(clone, target, name, expected);
      } catch (error) {
        // a fork that is behind does not know the commits that a shallow clone leaves out
        if (!isPromotionError(error) || !error.message.includes('shallow update not allowed')) throw error;
        await clone.at(remote)(['fetch', '--quiet', '--unshallow', '--no-tags', remote.url]);
        await push(clone, target, name, expected);
      }
    },
  };
}

/** Git in the clone: with access to one remote, or to none. */
type Clone = { at(target: Remote): GitRun; local(extra?: Readonly<Record<string, string>>): GitRun };

async function commit({ local }: Clone, file: string, message: string, { name, email }: Author): Promise<ObjectId> {
  const date = `${await lineOf(local(), 'log', '-1', '--format=%ct')} +0000`;
  await local()(['add', '--', file]);
  const author = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: date };
  const committer = { GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email, GIT_COMMITTER_DATE: date };
  const options = ['--quiet', '--no-verify', '--no-gpg-sign', `--message=${message}`];
  await local({ ...author, ...committer })(['commit', ...options, '--', file]);
  return lineOf(local(), 'rev-parse', 'HEAD');
}

async function tip({ at, local }: Clone, target: Remote, name: string): ReturnType<WorkingClone['tip']> {
  const ref = `refs/heads/${name}`;
  const [id] = (await lineOf(at(target), 'ls-remote', '--quiet', target.url, ref)).split(/\s/);
  if (id === undefined || id === '') return undefined;
  await at(target)(['fetch', '--quiet', '--depth=1', '--no-tags', target.url, ref]);
  return { commit: id, subject: await lineOf(local(), 'log', '-1', '--format=%s', 'FETCH_HEAD') };
}

async function push({ at }: Clone, target: Remote, name: string, expected: ObjectId | undefined): Promise<void> {
  const ref = `refs/heads/${name}`;
  const lease = `--force-with-lease=${ref}:${expected ?? ''}`;
  await at(target)(['push', '--quiet', '--no-verify', lease, target.url, `HEAD:${ref}`]);
}

async function lineOf(run: GitRun, ...args: readonly string[]): Promise<string> {
  return (await run(args)).toString('utf8').trimEnd();
}

/** Returns the author of commits from the user's git configuration; a part that is not set is missing. */
export async function configuredAuthor(folder: string, services: GitServices): Promise<Partial<Author>> {
  const run = gitIn(folder, services);
  const read = async (key: string): Promise<string | undefined> => {
    const text = await run(['config', '--default', '', '--get', key]);
    return text.toString('utf8').trim() || undefined;
  };
  const [name, email] = [await read('user.name'), await read('user.email')];
  return { ...(name !== undefined && { name }), ...(email !== undefined && { email }) };
}

/** Variables that git and ssh need to reach a server, as the user has set them. */
const PASSED_ON =
  /^(?:SSH_AUTH_SOCK|SSH_ASKPASS|DISPLAY|GIT_SSL_CAINFO|SSL_CERT_FILE|SSL_CERT_DIR|(?:HTTPS?|ALL|NO)_PROXY)$/i;

/** Allows the scheme of one remote, and hands over the header for its address alone. */
function reaching({ url, authorization }: Remote, services: GitServices): GitServices {
  const scheme = /^(https?|ssh|file):\/\//.exec(url)?.[1] ?? 'none';
  const settings = [
    // to no other server, whatever this one answers
    ['http.followRedirects', 'false'],
    ...(authorization === undefined ? [] : [[`http.${url}.extraHeader`, `Authorization: ${authorization}`]]),
  ];
  const numbered = settings.flatMap(([key = '', value = ''], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  const passed = Object.entries(services.env).filter(([name]) => PASSED_ON.test(name));
  return isolated(services, {
    ...Object.fromEntries(passed),
    GIT_SSH_COMMAND: services.env['GIT_SSH_COMMAND'] ?? 'ssh',
    GIT_ALLOW_PROTOCOL: scheme,
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(numbered),
  });
}

/** Without the configuration of user and machine: it may name filters, signing programs and other servers. */
function isolated(services: GitServices, extra: Readonly<Record<string, string | undefined>>): GitServices {
  return {
    ...services,
    extra: { GIT_CONFIG_COUNT: '0', ...extra, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    explain: refusalOf,
  };
}

function refusalOf(args: readonly string[], code: number | null, message: string): PromotionError {
  const lines = message
    .split('\n')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const reason = lines.join('; ') || `exit code ${code ?? 'none'}`;
  return new PromotionError('GIT', `git ${args[0]} failed: ${reason}`, { hint: hintFor(reason) });
}

function hintFor(reason: string): string {
  if (
    /Authentication failed|could not read Username|Invalid username|error: 40[13]|Permission to .* denied/i.test(reason)
  )
    return 'check that GITHUB_TOKEN may read the repository and push to the fork, or push with an SSH key (--use-ssh)';
  if (/Permission denied|Host key verification failed|Could not read from remote repository/i.test(reason))
    return 'check your SSH key and the known host, or use --use-ssh=false with GITHUB_TOKEN';
  if (/stale info|fetch first|non-fast-forward/i.test(reason)) return 'another run changed the branch: run again';
  if (/not found|does not exist/i.test(reason)) return 'check --repo, --fork and the name of the branch';
  return 'check the address and the network';
}
