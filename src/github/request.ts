import { z } from 'zod';
import { PromotionError } from '../errors.ts';
import type { Fetch, HttpRequest, HttpResponse } from '../http/fetch.ts';
import { readAll } from '../http/response/read.ts';
import type { GitHubServer } from './names.ts';

export type GitHubOptions = {
  readonly server: GitHubServer;
  readonly token: string;
  /** Sends requests without credentials of registries. */
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
};

/** Maximum size of a response in bytes; a list of one pull request with a long body has less than 200 KiB. */
const RESPONSE_LIMIT = 4 * 1024 * 1024;

const Refusal = z.looseObject({
  message: z.string().nullish(),
  errors: z.array(z.union([z.string(), z.looseObject({ message: z.string().nullish() })])).nullish(),
});

/** Sends a request and returns the checked response; `what` begins the message of an error, which is GITHUB. */
export type Send = <T>(
  what: string,
  method: HttpRequest['method'],
  path: string,
  schema: z.ZodType<T>,
  content?: object,
) => Promise<T>;

/** Returns a sender of requests to the API of one server. */
export function sender({ server, token, fetch, signal }: GitHubOptions): Send {
  return async (what, method, path, schema, content) => {
    const request: HttpRequest = {
      method,
      url: new URL(path, server.api),
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'x-github-api-version': '2022-11-28',
        'user-agent': 'kpromo',
        ...(content !== undefined && { 'content-type': 'application/json' }),
      },
      ...(content !== undefined && { body: { kind: 'bytes', bytes: Buffer.from(JSON.stringify(content)) } }),
      operation: 'other',
      signal,
    };
    const { response, bytes } = await readAll(fetch, request, RESPONSE_LIMIT);
    if (response.status >= 300) throw refusalOf(what, response, bytes);
    const parsed = schema.safeParse(jsonOf(bytes));
    if (parsed.success) return parsed.data;
    throw refused(`${what}: ${server.api.host} sent a response that is not one of GitHub's API`, 'check --github-url');
  };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

function refusalOf(what: string, response: HttpResponse, bytes: Uint8Array): PromotionError {
  const { message, errors } = Refusal.safeParse(jsonOf(bytes)).data ?? {};
  const details = (errors ?? []).map((error) => (typeof error === 'string' ? error : error.message));
  const said = [message, ...details].filter((text) => text !== undefined && text !== null && text !== '').join('; ');
  const shown = response.hide?.(said) ?? said;
  const hint = HINTS[response.status] ?? 'retry; if it persists, check https://www.githubstatus.com';
  return refused(`${what}: GitHub answered ${response.status}${shown === '' ? '' : `: ${shown}`}`, hint);
}

/** Hints by status; the request stack has waited for a rate limit already. */
const HINTS: Readonly<Record<number, string>> = {
  301: 'the repository was renamed: use its new name',
  308: 'the repository was renamed: use its new name',
  401: 'GITHUB_TOKEN is invalid or has expired: create another token',
  403: 'give the token permission to read the repository and to write pull requests (classic: public_repo or repo)',
  404: 'check the names in --fork and --repo; a token without access to a private repository gets the same answer',
  422: 'check the branch, --repo and --reviewers: GitHub names the field',
  429: 'the rate limit of this token is used up: run again later',
};

/** Returns true if there is such a pull request already. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof PromotionError && /answered 422.*already exists/.test(error.message);
}

/** Returns the error for a request that GitHub refused, or that makes no sense. */
export function refused(message: string, hint: string): PromotionError {
  return new PromotionError('GITHUB', message, { hint });
}
