import { createHash } from 'node:crypto';

/** A repository of GitHub. */
export type Slug = { readonly owner: string; readonly repo: string };

/** A server of GitHub: where its API and its repositories are. */
export type GitHubServer = { readonly web: URL; readonly api: URL };

// https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam: letters, digits and single hyphens
const OWNER = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})$/;
const REPO = /^[A-Za-z0-9._-]{1,100}$/;

/** Parses `OWNER/REPO`; `OWNER` alone means its fork of the same name as `like`. Returns undefined for other text. */
export function parseSlug(text: string, like?: string): Slug | undefined {
  const [owner = '', repo = like, ...rest] = text.split('/');
  if (repo === undefined || rest.length > 0 || !OWNER.test(owner)) return undefined;
  return REPO.test(repo) && !/^\.{1,2}$/.test(repo) ? { owner, repo } : undefined;
}

/** Returns `OWNER/REPO`. */
export function slugText({ owner, repo }: Slug): string {
  return `${owner}/${repo}`;
}

/** Returns the server at an address: github.com or a GitHub Enterprise Server. Returns undefined for an unsafe address. */
export function gitHubServer(address: string): GitHubServer | undefined {
  const web = URL.parse(address);
  if (web === null || web.username !== '' || web.password !== '' || web.search !== '' || web.hash !== '')
    return undefined;
  // a token in plain text may only stay on this machine
  if (web.protocol !== 'https:' && !(web.protocol === 'http:' && isLoopback(web.hostname))) return undefined;
  const base = new URL(`${web.href.replace(/\/+$/, '')}/`);
  // https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api
  return { web: base, api: base.host === 'github.com' ? new URL('https://api.github.com/') : new URL('api/v3/', base) };
}

function isLoopback(hostname: string): boolean {
  return hostname === '[::1]' || hostname === 'localhost' || /^127\.[0-9.]+$/.test(hostname);
}

/** Returns the address from which git clones a repository. It never contains a token. */
export function cloneUrl({ web }: GitHubServer, slug: Slug, protocol: 'ssh' | 'https'): string {
  return protocol === 'ssh' ? `ssh://git@${web.hostname}/${slugText(slug)}.git` : `${web.href}${slugText(slug)}.git`;
}

/** The content of a pull request, after which its branch is named. */
export type Proposed = {
  readonly project: string;
  readonly tags: readonly string[];
  readonly images: readonly string[];
  readonly digests: readonly string[];
};

/** Longest name of a branch: a server keeps it as a file name of at most 255 bytes, with `.lock` for a moment. */
const MAX_BRANCH = 200;

/** Returns the name of the branch: the same for the same request; for one tag and all images it is upstream's. */
export function branchName({ project, tags, images, digests }: Proposed): string {
  const written = [project, ...tags].join('-');
  const label = written
    .replaceAll(/[^A-Za-z0-9_.-]|\.(?=\.)/g, '-')
    .replace(/^[-.]+/, '')
    .slice(0, MAX_BRANCH);
  const isWhole = label === written && tags.length === 1 && images.length + digests.length === 0;
  const parts = [project, tags, images.toSorted(), digests.toSorted()];
  return `${label}${isWhole ? '' : `-${shortHash(JSON.stringify(parts))}`}-image-promotion`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** Returns the title of the pull request, which is upstream's. */
export function titleOf({ project, tags }: Pick<Proposed, 'project' | 'tags'>): string {
  const title = `Image promotion for ${project} ${tags.join(' / ')}`;
  return project === 'kubernetes' ? `releng: ${title}` : title;
}
