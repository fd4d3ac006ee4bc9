import { z } from 'zod';
import { slugText, type Slug } from './names.ts';
import { isDuplicate, refused, sender, type GitHubOptions, type Send } from './request.ts';

/** The requests of a pull request; each throws GITHUB for a refusal, with a hint. */
export type GitHub = {
  /** Throws unless `fork` is a fork of `base`, or `base` itself. */
  checkFork(fork: Slug, base: Slug): Promise<void>;
  /** Opens a pull request, or updates title and body of the open one from this branch. */
  propose(proposal: PullRequest): Promise<OpenPull>;
  /** Requests reviews from users and, as `org/team`, from teams. */
  requestReviewers(base: Slug, number: number, reviewers: readonly string[]): Promise<void>;
};

export type PullRequest = {
  readonly base: Slug;
  /** The branch that it is merged into. */
  readonly into: string;
  readonly fork: Slug;
  readonly branch: string;
  readonly title: string;
  readonly body: string;
};

/** A pull request that is open now; `isNew` if this run opened it. */
export type OpenPull = { readonly number: number; readonly url: string; readonly isNew: boolean };

// https://docs.github.com/en/rest/repos/repos#get-a-repository
const Named = z.looseObject({ full_name: z.string() });
const Repository = z.looseObject({
  full_name: z.string(),
  fork: z.boolean(),
  parent: Named.nullish(),
  source: Named.nullish(),
});
// https://docs.github.com/en/rest/pulls/pulls
const Pull = z.looseObject({ number: z.int().positive(), html_url: z.string() });
type Pull = z.infer<typeof Pull>;

/** Creates a client of GitHub's REST API. */
export function gitHub(options: GitHubOptions): GitHub {
  const send = sender(options);
  return {
    checkFork: (fork, base) => checkFork(send, fork, base),
    propose: (proposal) => propose(send, proposal),
    requestReviewers: (base, number, reviewers) => requestReviewers(send, base, number, reviewers),
  };
}

async function checkFork(send: Send, fork: Slug, base: Slug): Promise<void> {
  const what = `look for the fork ${slugText(fork)}`;
  const { full_name: name, parent, source } = await send(what, 'GET', `repos/${slugText(fork)}`, Repository);
  const names = [name, parent?.full_name, source?.full_name].map((one) => one?.toLowerCase());
  if (names.includes(slugText(base).toLowerCase())) return;
  throw refused(
    `${slugText(fork)} is not a fork of ${slugText(base)}`,
    `fork ${slugText(base)} on GitHub, and name the fork with --fork OWNER/REPO`,
  );
}

async function propose(send: Send, proposal: PullRequest): Promise<OpenPull> {
  const { base, into, fork, branch, title, body } = proposal;
  const known = await openPull(send, proposal);
  if (known !== undefined) return update(send, known, proposal);
  // needed if base and fork have the same owner
  const headRepo = fork.owner === base.owner && fork.repo !== base.repo ? { head_repo: fork.repo } : {};
  const content = {
    title,
    body,
    head: `${fork.owner}:${branch}`,
    base: into,
    maintainer_can_modify: true,
    ...headRepo,
  };
  const path = `repos/${slugText(base)}/pulls`;
  try {
    const opened = await send(`open a pull request in ${slugText(base)}`, 'POST', path, Pull, content);
    return { number: opened.number, url: opened.html_url, isNew: true };
  } catch (error) {
    // a run at the same time, or a request whose response was lost
    const other = isDuplicate(error) ? await openPull(send, proposal) : undefined;
    if (other === undefined) throw error;
    return update(send, other, proposal);
  }
}

async function openPull(send: Send, { base, into, fork, branch }: PullRequest): Promise<Pull | undefined> {
  const query = new URLSearchParams({ state: 'open', head: `${fork.owner}:${branch}`, base: into }).toString();
  const what = `look for pull requests of ${slugText(base)}`;
  return (await send(what, 'GET', `repos/${slugText(base)}/pulls?${query}`, z.array(Pull)))[0];
}

async function update(send: Send, { number }: Pull, { base, title, body }: PullRequest): Promise<OpenPull> {
  const path = `repos/${slugText(base)}/pulls/${number}`;
  const updated = await send(`update pull request ${number}`, 'PATCH', path, Pull, { title, body });
  return { number, url: updated.html_url, isNew: false };
}

async function requestReviewers(send: Send, base: Slug, number: number, reviewers: readonly string[]): Promise<void> {
  const names = reviewers.map((name) => name.replace(/^@/, ''));
  const content = {
    reviewers: names.filter((name) => !name.includes('/')),
    team_reviewers: names.filter((name) => name.includes('/')).map((name) => name.slice(name.indexOf('/') + 1)),
  };
  const path = `repos/${slugText(base)}/pulls/${number}/requested_reviewers`;
  await send(`request reviews of pull request ${number}`, 'POST', path, Pull, content);
}
