import path from 'node:path';
import { realpath } from 'node:fs/promises';
import { isPromotionError, PromotionError } from './errors.ts';
import type { Author, Remote, WorkingClone } from './git/working-clone.ts';
import type { GitHub, OpenPull } from './github/client.ts';
import { branchName, slugText, titleOf, type Slug } from './github/names.ts';
import { joinRepository } from './image/reference.ts';
import { replaceFile } from './manifest/edit/project-file.ts';
import type { LoadedManifests } from './manifest/manifest.ts';
import { readPlatforms } from './phases/proposal/read-platforms.ts';
import type { Context } from './pipeline/phase.ts';
import { runPromotion, type PromotionServices } from './promotion.ts';
import { propose, type Proposal, type ProposalRequest } from './proposal.ts';
import { proposalBody } from './report/proposal-body.ts';
import { unifiedDiff } from './text/unified-diff.ts';

/** The pull request that is asked for. */
export type PullRequestRequest = {
  readonly proposal: ProposalRequest;
  readonly base: Slug;
  /** The branch of `base` that it is merged into. */
  readonly into: string;
  readonly fork: Slug;
  /** Path of the tree in the repository; `.` for all of it. */
  readonly tree: string;
  readonly reviewers: readonly string[];
  /** Lines for Prow in the body. */
  readonly prow: readonly string[];
  /** The command line, for the body. */
  readonly command: string;
  readonly version: string;
};

export type PullRequestServices = Pick<PromotionServices, 'registry' | 'pause' | 'trust' | 'primary'> & {
  readonly clone: WorkingClone;
  load(tree: string): Promise<LoadedManifests>;
  /** Receives the events of the plan, which the body shows. */
  readonly emitPlan: Context['emit'];
  /** Asks the user before a step; true unless the run is interactive. */
  ask(question: string): Promise<boolean>;
};

/** A change that is written into the clone, and the pull request for it. Paths are relative to the repository. */
export type Prepared = {
  readonly proposal: Proposal;
  readonly file: string;
  readonly branch: string;
  readonly title: string;
  readonly body: string;
  readonly patch: string;
};

/** Pull requests on one page, first half: edits the tree in the clone, plans the change, and writes text for the reviewer. */
export async function preparePullRequest(
  request: PullRequestRequest,
  services: PullRequestServices,
  context: Context,
): Promise<Prepared | { readonly proposal: Proposal; readonly branch: undefined }> {
  const { clone, registry } = services;
  const tree = await treeIn(clone.folder, request.tree);
  const before = await services.load(tree);
  const proposal = await propose(request.proposal, { registry, load: () => Promise.resolve(before) }, context);
  const wanted = proposal.added.length > 0 && (await services.ask('Grow the manifests to add the new tags?'));
  if (!wanted) return { proposal, branch: undefined };
  await replaceFile(proposal.file, proposal.before, proposal.after);
  const report = await planned(proposal, before, { ...services, tree, version: request.version }, context);
  const named = { ...request.proposal, project: proposal.project.name.replace(/^k8s-staging-/, '') };
  const file = path.relative(clone.folder, proposal.file);
  const { leftOut, project } = proposal;
  const added = await readPlatforms(registry, project.source, proposal.added, context);
  const title = titleOf(named);
  const body = proposalBody({
    ...request,
    title,
    source: project.source,
    added,
    leftOut,
    report,
    checks: checksOf(proposal),
  });
  const [old, text] = [proposal.before, proposal.after].map((bytes) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
  );
  const patch = unifiedDiff(file, old ?? '', text ?? '');
  return { proposal, file, branch: branchName(named), title, body: body.replaceAll(`${clone.folder}/`, ''), patch };
}

/** How a pull request is published. */
export type Publishing = {
  readonly author: Author;
  readonly remote: Remote;
  /** Undefined to end after the push. */
  readonly gitHub: GitHub | undefined;
};

/** The published parts; `pull` is undefined if the user declined it or only a push was asked for. */
export type Published = { readonly isPushed: boolean; readonly pull: OpenPull | undefined };

/** The second half: commits, pushes the branch to the fork, and opens the pull request or updates the open one. */
export async function publish(
  { branch, title, body, file }: Prepared,
  { base, into, fork, reviewers }: PullRequestRequest,
  { clone, ask }: Pick<PullRequestServices, 'clone' | 'ask'>,
  { author, remote, gitHub }: Publishing,
  { emit }: Context,
): Promise<Published> {
  const commit = await clone.commit(file, title, author);
  if (!(await ask(`Push changes to ${slugText(fork)}?`))) return { isPushed: false, pull: undefined };
  const tip = await clone.tip(remote, branch);
  if (tip !== undefined && tip.subject !== title) throw strange(fork, branch, tip.subject);
  if (tip?.commit !== commit) await clone.push(remote, branch, tip?.commit);
  if (gitHub === undefined || !(await ask('Create pull request?'))) return { isPushed: true, pull: undefined };
  const pull = await gitHub.propose({ base, into, fork, branch, title, body });
  try {
    if (reviewers.length > 0) await gitHub.requestReviewers(base, pull.number, reviewers);
  } catch (error) {
    if (!isPromotionError(error, 'GITHUB')) throw error;
    const message = `${pull.url} is open, but its reviewers were not requested: ${error.message}`;
    // a user may open a pull request without permission to request reviews: the body names the reviewers
    if (!/answered 40[34]/.test(error.message))
      throw new PromotionError('GITHUB', message, { hint: error.hint, cause: error });
    emit({ type: 'reviews-refused', reason: message });
  }
  return { isPushed: true, pull };
}

function strange(fork: Slug, branch: string, subject: string): PromotionError {
  return new PromotionError(
    'GIT',
    `the branch ${branch} of ${slugText(fork)} ends with a commit that kpromo did not make: ${subject}`,
    {
      hint: 'push it under another name, or delete the branch on GitHub, and run again',
    },
  );
}

/** Returns the folder of the tree; a link must not lead out of the clone. */
async function treeIn(folder: string, tree: string): Promise<string> {
  const place = path.join(folder, tree);
  const real = await realpath(place).catch(() => undefined);
  if (real === folder || real?.startsWith(`${folder}/`) === true) return place;
  throw new PromotionError('MANIFEST_NOT_FOUND', `the repository has no folder ${tree}`, {
    hint: 'name the tree in the repository with --tree PATH',
  });
}

type Planning = Pick<
  PullRequestServices,
  'registry' | 'pause' | 'trust' | 'primary' | 'load' | 'clone' | 'emitPlan'
> & {
  readonly tree: string;
  readonly version: string;
};

/** Dry-runs the change as the check of the pull request will; problems of other projects are not its matter. */
function planned(
  { file }: Proposal,
  before: LoadedManifests,
  services: Planning,
  context: Context,
): ReturnType<typeof runPromotion> {
  const { load, tree, version, clone, emitPlan: emit, ...promotion } = services;
  const changed = { files: new Set([file]), isChanged: (one: string) => Promise.resolve(one === file) };
  const own = ({ problems, ...loaded }: LoadedManifests): LoadedManifests => ({
    ...loaded,
    problems: problems.filter(({ position }) => position.file === file),
    warnings: [],
  });
  const base = { base: own(before), commit: clone.start, isDirty: false, changed };
  const loading = { load: async () => own(await load(tree)), loadBase: () => Promise.resolve(base) };
  // as many threads as `kpromo cip` has by default
  return runPromotion({ mode: 'dry-run', threads: 20, version }, { ...promotion, ...loading }, { ...context, emit });
}

function checksOf({
  project: { source },
  added,
}: Proposal): readonly { readonly ref: string; readonly digest: string }[] {
  return added.flatMap(({ name, digest, tags, staged }) => {
    const repository = joinRepository(source, name);
    return tags.map((tag) => ({
      ref: staged.includes(tag) ? `${repository}:${tag}` : `${repository}@${digest}`,
      digest,
    }));
  });
}
