import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openSigning } from '../../attest/signing/open.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Narrator } from '../../events.ts';
import { cloneBranch, configuredAuthor, type Author, type Remote, type WorkingClone } from '../../git/working-clone.ts';
import { gitHub } from '../../github/client.ts';
import { cloneUrl, slugText, type Slug } from '../../github/names.ts';
import { loadManifests } from '../../manifest/load.ts';
import {
  preparePullRequest,
  publish,
  type Prepared,
  type Published,
  type PullRequestRequest,
  type PullRequestServices,
} from '../../pull-request.ts';
import { proposalText } from '../../report/terminal/proposal.ts';
import { terminalLines, terminalText } from '../../text/escape/terminal.ts';
import type { CommandServices } from '../command.ts';
import { asker } from '../output/ask.ts';
import { fitted } from '../output/fitted.ts';
import type { PrOptions } from '../options/commands/pr.ts';
import { rendering } from '../../watch/log-lines/render.ts';
import { usage } from '../unknown.ts';
import { versionName } from '../version.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import type { Registries } from '../wiring/registries.ts';
import { stagingTrust } from '../wiring/trust.ts';
import { commandLine } from '../options/commands/pr-command.ts';
import { primaryRules } from './primary-rules.ts';

/** `kpromo pr`: proposes images of staging in a pull request, and prints its address. Returns the exit code. */
export async function run(options: PrOptions, services: CommandServices): Promise<number> {
  const token = services.env['GITHUB_TOKEN'] || undefined;
  if (options.ends !== 'printed' && token === undefined && (options.ends === 'opened' || options.protocol === 'https'))
    throw usage(
      'GITHUB_TOKEN is not set',
      'set it to a token that may push to the fork and open pull requests, or use --dry-run',
    );
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'kpromo-pr-')));
  const { config, registries } = await openConfigured(options.registries, services);
  const { ask, close } = options.isInteractive
    ? asker(services)
    : { ask: () => Promise.resolve(true), close: () => undefined };
  let keeps = false;
  try {
    const code = await proposed(options, withoutFolder(services, path.join(folder, 'clone')), {
      folder,
      registries,
      config,
      token,
      ask,
    });
    keeps = options.isInteractive && !(await ask('Clean fork directory?', true));
    if (keeps)
      services.narrate({
        type: 'log',
        level: 'info',
        message: `All modified files will be left untouched in ${folder}`,
      });
    return code;
  } catch (error) {
    throw inRepository(error, path.join(folder, 'clone'));
  } finally {
    close();
    await registries.close();
    if (!keeps) await rm(folder, { recursive: true, force: true });
  }
}

type Opened = {
  readonly folder: string;
  readonly registries: Registries;
  readonly config: Awaited<ReturnType<typeof openConfigured>>['config'];
  readonly token: string | undefined;
  readonly ask: (question: string, atEnd?: boolean) => Promise<boolean>;
};

/** Finds author and fork first, so that a missing one fails before anything is read. */
async function proposed(options: PrOptions, services: CommandServices, opened: Opened): Promise<number> {
  const { narrate, clock, signal, env } = services;
  const { folder, registries, token, ask } = opened;
  const { base, fork, into, server, ends } = options;
  const author = ends === 'printed' ? undefined : await authorOf(folder, services);
  const client =
    ends === 'opened' && token !== undefined
      ? gitHub({ server, token, fetch: registries.signing.fetch, signal })
      : undefined;
  await client?.checkFork(fork, base);
  const remote = (slug: Slug): Remote => remoteOf(slug, options, token, services);
  const start = remote(options.startsAt === 'fork' ? fork : base);
  const clone = await cloneBranch(folder, start, into, { env, clock, signal });
  const request = await requestOf(options);
  const context = { clock, emit: rendering(narrate), signal };
  const prepared = await preparePullRequest(request, await preparing(options, services, { ...opened, clone }), context);
  const told = ends === 'printed' ? services.stderr : services.stdout;
  told.write(
    fitted(proposalText(prepared.proposal, ends === 'printed' || prepared.branch === undefined), told).replaceAll(
      `${clone.folder}/`,
      '',
    ),
  );
  if (prepared.branch === undefined) return 0;
  if (author === undefined) {
    services.stdout.write(printedText(prepared, fork));
    return 0;
  }
  const publishing = { author, remote: remote(fork), gitHub: client };
  const published = await publish(prepared, request, { clone, ask }, publishing, context);
  services.stdout.write(publishedText(published, prepared.branch, fork));
  return 0;
}

async function preparing(
  options: PrOptions,
  services: CommandServices,
  { clone, registries, config, ask }: Opened & { readonly clone: WorkingClone },
): Promise<PullRequestServices> {
  const { allTrees, allowRegistries } = options.trees;
  const patterns = allowRegistries.map(({ text }) => text);
  return {
    clone,
    ask,
    registry: registries.registry,
    pause: registries.pause,
    trust: await trustOf(options, registries, services),
    primary: primaryRules({ chosen: undefined, acceptsChange: false }, config, false),
    // the plan is in the body: only its problems are logged
    emitPlan: rendering((event) =>
      event.type === 'log' && event.level === 'info' ? undefined : services.narrate(event),
    ),
    load: (tree) => loadManifests({ manifests: tree, allTrees, allowRegistries: patterns }),
  };
}

function publishedText({ isPushed, pull }: Published, branch: string, fork: Slug): string {
  return terminalLines([
    isPushed ? `branch: ${slugText(fork)} ${branch}` : `nothing was pushed to ${slugText(fork)}`,
    ...(pull === undefined ? [] : [`${pull.isNew ? 'opened' : 'updated'}: ${pull.url}`]),
  ]);
}

async function requestOf(options: PrOptions): Promise<PullRequestRequest> {
  const { proposal, base, into, fork, tree, reviewers, requestsReviews } = options;
  const cc = reviewers.map((name) => (name.startsWith('@') ? name : `@${name}`));
  const isKubernetes = slugText(base) === 'kubernetes/k8s.io';
  return {
    proposal,
    base,
    into,
    fork,
    tree,
    reviewers: requestsReviews ? reviewers : [],
    prow: [...(isKubernetes ? ['/hold'] : []), ...(cc.length > 0 ? [`cc: ${cc.join(' ')}`] : [])],
    command: commandLine(options),
    version: await versionName(),
  };
}

async function trustOf(
  { trust }: PrOptions,
  { signing: way }: Registries,
  services: CommandServices,
): ReturnType<typeof stagingTrust> {
  const { trustedRoots, key, tlogUpload } = trust;
  const signing = openSigning({ ...way, trustedRoots, key, tlogUpload });
  await signing.openFiles(services.signal);
  return stagingTrust({ ...trust, namesIdentity: false }, {}, signing, services);
}

/** The header is for one process of git each; the address has no token. */
function remoteOf(
  slug: Slug,
  { server, protocol }: PrOptions,
  token: string | undefined,
  { secrets }: CommandServices,
): Remote {
  const url = cloneUrl(server, slug, protocol);
  if (protocol === 'ssh' || token === undefined) return { url, authorization: undefined };
  // https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app: any user name but this is fine, too
  const login = Buffer.from(`x-access-token:${token}`).toString('base64');
  secrets.learn(login);
  return { url, authorization: `Basic ${login}` };
}

/** Finds out whom the commit is attributed to; throws USAGE if nothing says so. */
async function authorOf(folder: string, { env, clock, signal }: CommandServices): Promise<Author> {
  const known = await configuredAuthor(folder, { env, clock, signal });
  const actor = env['GITHUB_ACTOR'];
  const name = env['GIT_AUTHOR_NAME'] || known.name || actor;
  const email =
    env['GIT_AUTHOR_EMAIL'] || known.email || (actor === undefined ? undefined : `${actor}@users.noreply.github.com`);
  if (name !== undefined && name !== '' && email !== undefined) return { name, email };
  throw usage(
    'the commit has no author',
    'run git config --global user.name and user.email, or set GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL',
  );
}

function printedText({ branch, title, body, patch }: Prepared, fork: Slug): string {
  const head = terminalLines([`branch: ${slugText(fork)} ${branch}`, `title: ${title}`]);
  const lines = (text: string): string => text.split('\n').map(terminalText).join('\n');
  return `${head}\n${lines(body)}\n${lines(patch)}`;
}

/** Shows paths as they are in the repository. */
function withoutFolder(services: CommandServices, clone: string): CommandServices {
  const narrate: Narrator = (event) =>
    services.narrate(event.type === 'log' ? { ...event, message: event.message.replaceAll(`${clone}/`, '') } : event);
  return { ...services, narrate };
}

function inRepository(error: unknown, clone: string): unknown {
  if (!isPromotionError(error)) return error;
  const plain = (text: string): string => text.replaceAll(`${clone}/`, '').replaceAll(clone, 'the repository');
  const { code, message, hint, parts, side } = error;
  return new PromotionError(code, plain(message), {
    hint: hint && plain(hint),
    parts: parts.map(plain),
    side,
    cause: error,
  });
}
