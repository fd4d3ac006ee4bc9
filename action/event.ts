import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { required, type Env } from './workflow.ts';

/** The parts of an event of GitHub that the action uses. https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export type JobEvent = {
  readonly name: string;
  readonly pull: PullRequest | undefined;
  /** The commit that a merge queue merges into. */
  readonly queueBase: string | undefined;
};

type PullRequest = {
  readonly number: number;
  readonly merged: boolean;
  readonly base: string;
  readonly head: string;
};

type Json = { readonly [key: string]: unknown };

/** Reads the event that started the job. */
export function readEvent(env: Env): JobEvent {
  const payload = asObject(JSON.parse(readFileSync(required(env, 'GITHUB_EVENT_PATH'), 'utf8')));
  const pull = asObject(payload['pull_request']);
  const { number } = pull;
  return {
    name: required(env, 'GITHUB_EVENT_NAME'),
    pull:
      typeof number === 'number' && Number.isSafeInteger(number)
        ? {
            number,
            merged: pull['merged'] === true,
            base: commitOf(asObject(pull['base'])['sha']) ?? '',
            head: commitOf(asObject(pull['head'])['sha']) ?? '',
          }
        : undefined,
    queueBase: commitOf(asObject(payload['merge_group'])['base_sha']),
  };
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

/** Returns a commit of 40 or 64 hexadecimal digits; undefined for all other values. */
function commitOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(value) ? value : undefined;
}

/** Throws if images must not be promoted, or not even compared, in a job of this event. */
export function checkEvent({ name, pull }: JobEvent, confirm: boolean): void {
  if (name === 'pull_request_target')
    throw new Error(
      'this action does not run on pull_request_target, which gives secrets to unreviewed changes; use pull_request',
    );
  if (confirm && (name === 'merge_group' || (name === 'pull_request' && pull?.merged !== true)))
    throw new Error(`confirm: true in a job on ${name} would promote unmerged changes; use it in a job on push`);
}

/** Returns the variables of Prow for this event, which --use-prow-manifest-diff reads. */
export function prowVariables({ name, pull, queueBase }: JobEvent, manifests: string): Record<string, string> {
  if (name === 'pull_request' && pull !== undefined && !pull.merged)
    return { JOB_TYPE: 'presubmit', PULL_BASE_SHA: baseOf(pull, manifests) };
  if (name === 'merge_group' && queueBase !== undefined) return { JOB_TYPE: 'batch', PULL_BASE_SHA: queueBase };
  return name === 'push' || pull?.merged === true ? { JOB_TYPE: 'postsubmit' } : {};
}

/**
 * Returns the commit to compare a pull request with. In the merge commit that actions/checkout selects, that is its first
 * parent: the base of the event may be older, and what others merged since then is not part of the change. In any other
 * checkout it is the last commit in common with the base.
 */
function baseOf({ base, head }: PullRequest, manifests: string): string {
  const [, first, second] = git(manifests, 'rev-list', '--parents', '--max-count=1', 'HEAD').split(' ');
  if (first !== undefined && second === head) return first;
  // Without a common commit, as in a shallow clone, kpromo explains what to do.
  return git(manifests, 'merge-base', base, 'HEAD') || base;
}

/** Returns what git prints; nothing if it fails. */
function git(folder: string, ...args: readonly string[]): string {
  const { status, stdout } = spawnSync('git', ['-C', folder, ...args], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}
