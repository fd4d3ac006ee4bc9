import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { writeFiles } from '../manifest-tree.ts';

export const TOKEN = 'ghp_0123456789abcdefghijklmnopqrstuvwxyzAB';

export type TestPull = {
  readonly number: number;
  readonly base: string;
  readonly head: string;
  title: string;
  body: string;
  readonly reviewers: string[];
  readonly teams: string[];
};

/** GitHub on loopback: its REST API, and its repositories over HTTP by git's own server. */
export type TestGitHub = {
  readonly url: string;
  /** The folder of the bare repositories. */
  readonly root: string;
  readonly pulls: TestPull[];
  /** `METHOD path` of each request of the API. */
  readonly log: string[];
  /** How often something was pushed over HTTP. */
  pushes(): number;
  /** Requests that GitHub does not know. */
  readonly unexpected: string[];
  /** Answers the next request of the API. */
  fail(answer: {
    readonly status: number;
    readonly body?: object;
    readonly headers?: Readonly<Record<string, string>>;
  }): void;
  /** Calls a function before the next request that creates a pull request. */
  beforeCreate(action: () => void): void;
  /** Runs git in a bare repository. */
  git(slug: string, ...args: readonly string[]): string;
  /** Adds a commit to the branch of a repository. */
  commit(slug: string, files: Readonly<Record<string, string>>, branch?: string): void;
};

/** The repositories that exist: `acme/promos` and its fork `alice/promos`; `eve/promos` is no fork of it. */
const FORKS: Readonly<Record<string, string | undefined>> = {
  'acme/promos': undefined,
  'alice/promos': 'acme/promos',
  'eve/promos': undefined,
};
/** Who may be asked for a review. */
const COLLABORATORS = ['bob', 'carol'];

/** Starts a server that ends with the test; its repositories have the files of a tree on the branch `main`. */
export async function startGitHub(files: Readonly<Record<string, string>>): Promise<TestGitHub> {
  const root = mkdtempSync(join(tmpdir(), 'kpromo-github-'));
  const state: State = { pulls: [], log: [], unexpected: [], failures: [], beforeCreate: undefined, pushes: 0 };
  const server = createServer((request, response) => void answer(root, state, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    rmSync(root, { recursive: true, force: true });
    if (state.unexpected.length > 0)
      throw new Error(`requests that GitHub does not know: ${state.unexpected.join(', ')}`);
  });
  const commit: TestGitHub['commit'] = (slug, changed, branch = 'main') =>
    commitTo(join(root, `${slug}.git`), changed, branch);
  createRepositories(root, files);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    root,
    pulls: state.pulls,
    log: state.log,
    pushes: () => state.pushes,
    unexpected: state.unexpected,
    fail: (one) => void state.failures.push(one),
    beforeCreate: (action) => void (state.beforeCreate = action),
    git: (slug, ...args) => gitAt(join(root, `${slug}.git`), ...args),
    commit,
  };
}

/** Creates `acme/promos` with one commit, and its fork with the same. */
function createRepositories(root: string, files: Readonly<Record<string, string>>): void {
  const work = join(root, 'work');
  mkdirSync(work);
  writeFiles(work, files);
  scriptAt(
    work,
    'git init --quiet --template= --initial-branch=main && git add --all && git commit --quiet -m "a tree"',
  );
  for (const slug of ['acme/promos', 'alice/promos']) {
    cpSync(join(work, '.git'), join(root, `${slug}.git`), { recursive: true });
    const config = '[core]\n\trepositoryformatversion = 0\n\tbare = true\n[http]\n\treceivepack = true\n';
    writeFileSync(join(root, `${slug}.git`, 'config'), config);
  }
}

type State = Pick<TestGitHub, 'pulls' | 'log' | 'unexpected'> & {
  readonly failures: Parameters<TestGitHub['fail']>[0][];
  beforeCreate: (() => void) | undefined;
  pushes: number;
};

async function answer(root: string, state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://github.test');
  if (!url.pathname.startsWith('/api/v3/')) {
    if (request.method === 'POST' && url.pathname.endsWith('/git-receive-pack')) state.pushes += 1;
    return serveGit(root, url, request, response);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const path = url.pathname.slice('/api/v3/'.length);
  state.log.push(`${request.method} ${path}`);
  const failure = state.failures.shift();
  const content = chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as Content);
  const result =
    failure ??
    (isAllowed(request, 'Bearer')
      ? api(state, `${request.method} ${path}`, url.searchParams, content)
      : refusal(401, 'Bad credentials'));
  const { status, body, headers } = { headers: {}, body: {}, ...result };
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

type Content = {
  head?: string;
  base?: string;
  title?: string;
  body?: string;
  reviewers?: string[];
  team_reviewers?: string[];
};
type Answer = { readonly status: number; readonly body: object };

function refusal(status: number, message: string, errors: readonly object[] = []): Answer {
  return { status, body: { message, errors, documentation_url: 'https://docs.github.com/rest' } };
}

function isAllowed({ headers }: IncomingMessage, scheme: 'Bearer' | 'Basic'): boolean {
  const wanted =
    scheme === 'Bearer' ? `Bearer ${TOKEN}` : `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`;
  return headers.authorization === wanted && (scheme === 'Basic' || headers['user-agent'] !== undefined);
}

/** The answers of https://docs.github.com/en/rest to the requests of a pull request. */
function api(state: State, request: string, query: URLSearchParams, content: Content): Answer {
  const [, method = '', slug = '', rest = ''] = /^(\w+) repos\/([^/]+\/[^/]+)(.*)$/.exec(request) ?? [];
  if (!(slug in FORKS)) return refusal(404, 'Not Found');
  if (method === 'GET' && rest === '') {
    const parent = FORKS[slug];
    const named = parent === undefined ? {} : { parent: { full_name: parent }, source: { full_name: parent } };
    return { status: 200, body: { full_name: slug, fork: parent !== undefined, ...named } };
  }
  if (method === 'GET' && rest === '/pulls') {
    const found = state.pulls.filter(({ head, base }) => head === query.get('head') && base === query.get('base'));
    return { status: 200, body: query.get('state') === 'open' ? found.map((pull) => shownPull(slug, pull)) : [] };
  }
  if (method === 'POST' && rest === '/pulls') return create(state, slug, content);
  const known = ofPull(state, slug, method, rest, content);
  if (known !== undefined) return known;
  state.unexpected.push(request);
  return refusal(404, 'Not Found');
}

function shownPull(slug: string, { number }: TestPull): object {
  return { number, html_url: `https://github.test/${slug}/pull/${number}` };
}

function ofPull(state: State, slug: string, method: string, rest: string, content: Content): Answer | undefined {
  const [, number, more = ''] = /^\/pulls\/(\d+)(.*)$/.exec(rest) ?? [];
  const pull = state.pulls.find((one) => one.number === Number(number));
  if (pull !== undefined && method === 'PATCH' && more === '') {
    Object.assign(pull, { title: content.title ?? pull.title, body: content.body ?? pull.body });
    return { status: 200, body: shownPull(slug, pull) };
  }
  if (pull !== undefined && method === 'POST' && more === '/requested_reviewers') {
    const strangers = (content.reviewers ?? []).filter((name) => !COLLABORATORS.includes(name));
    if (strangers.length > 0)
      return refusal(
        422,
        `Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the ${slug} repository.`,
      );
    pull.reviewers.push(...(content.reviewers ?? []));
    pull.teams.push(...(content.team_reviewers ?? []));
    return { status: 201, body: shownPull(slug, pull) };
  }
  return undefined;
}

function create(state: State, slug: string, { head = '', base = '', title = '', body = '' }: Content): Answer {
  state.beforeCreate?.();
  state.beforeCreate = undefined;
  if (title === '' || base !== 'main')
    return refusal(422, 'Validation Failed', [{ resource: 'PullRequest', field: 'base', code: 'invalid' }]);
  if (body.length > 65_536)
    return refusal(422, 'Validation Failed', [{ message: 'body is too long (maximum is 65536 characters)' }]);
  if (state.pulls.some((pull) => pull.head === head && pull.base === base))
    return refusal(422, 'Validation Failed', [
      { resource: 'PullRequest', code: 'custom', message: `A pull request already exists for ${head}.` },
    ]);
  const pull: TestPull = { number: state.pulls.length + 1, base, head, title, body, reviewers: [], teams: [] };
  state.pulls.push(pull);
  return { status: 201, body: shownPull(slug, pull) };
}

/** Serves repositories with `git http-backend`, to who has the token. */
function serveGit(root: string, url: URL, request: IncomingMessage, response: ServerResponse): void {
  if (!isAllowed(request, 'Basic')) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="GitHub"' }).end('bad credentials');
    return;
  }
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'alice',
      REQUEST_METHOD: request.method,
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.once('close', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    const lines = output.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => line.split(': ') as [string, string]));
    response.writeHead(Number(/^\d+/.exec(headers['Status'] ?? '200')?.[0]), headers).end(output.subarray(end + 4));
  });
}

function commitTo(repository: string, files: Readonly<Record<string, string>>, branch: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'kpromo-commit-'));
  try {
    const fetch = `git fetch --quiet "${repository}" "${branch}" && git reset --quiet --hard FETCH_HEAD`;
    const isKnown = `git -C "${repository}" show-ref --quiet "refs/heads/${branch}"`;
    scriptAt(folder, `git init --quiet --template= && if ${isKnown}; then ${fetch}; fi`);
    writeFiles(folder, files);
    const push = `git push --quiet "${repository}" "HEAD:refs/heads/${branch}"`;
    scriptAt(folder, `git add --all && git commit --quiet -m "a change" && ${push}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function gitAt(cwd: string, ...args: readonly string[]): string {
  return runAt(cwd, 'git', args);
}

/** Several commands in one process of a shell: starting a process copies the page tables of this one, which takes 5 ms. */
function scriptAt(cwd: string, script: string): string {
  return runAt(cwd, 'sh', ['-c', script]);
}

function runAt(cwd: string, program: string, args: readonly string[]): string {
  const who = {
    GIT_AUTHOR_NAME: 'T',
    GIT_AUTHOR_EMAIL: 't@example.com',
    GIT_COMMITTER_NAME: 'T',
    GIT_COMMITTER_EMAIL: 't@example.com',
  };
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', ...who };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr}`);
  return stdout.trimEnd();
}

/** Commits a link `away` to the root of the machine to `acme/promos`. */
export function linkAway(root: string): void {
  const script =
    'git clone -q acme/promos.git w && cd w && ln -s / away && git add -A && git -c user.name=x -c user.email=x@x commit -qm link && git push -q';
  const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
