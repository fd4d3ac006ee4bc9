import { z } from 'zod';
import { withoutEndSlashes } from '../../image/end-slashes.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Fetch, HttpRequest } from '../../http/fetch.ts';
import { AUDIENCE } from './token.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** An identity of the machine: its name for messages, and its tokens. */
type Ambient = { readonly name: string; token(signal: AbortSignal): Promise<string> };

/** Maximum response size in bytes; responses with tokens are a few KiB. */
const ANSWER_LIMIT = 1_048_576;

/** Returns the identity of the CI system that runs this process, if it issues identity tokens. */
export function ambientIdentity(env: Environment, fetch: Fetch): Ambient | undefined {
  return githubActions(env, fetch) ?? buildkite(env, fetch);
}

/** https://docs.github.com/en/actions/reference/security/oidc */
function githubActions(env: Environment, fetch: Fetch): Ambient | undefined {
  const [address, secret] = [env['ACTIONS_ID_TOKEN_REQUEST_URL'], env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']];
  if (!address || !secret) return undefined;
  const name = 'of GitHub Actions';
  return {
    name,
    token: async (signal) => {
      const url = addressOf(address, name);
      url.searchParams.set('audience', AUDIENCE);
      const request = { method: 'GET', url, headers: { authorization: `Bearer ${secret}` }, signal } as const;
      return (await ask(fetch, request, name, z.object({ value: z.string().min(1) }))).value;
    },
  };
}

/** https://buildkite.com/docs/apis/agent-api/oidc */
function buildkite(env: Environment, fetch: Fetch): Ambient | undefined {
  const [agent, job, secret] = [
    env['BUILDKITE_AGENT_ENDPOINT'] || 'https://agent.buildkite.com/v3',
    env['BUILDKITE_JOB_ID'],
    env['BUILDKITE_AGENT_ACCESS_TOKEN'],
  ];
  if (!job || !secret) return undefined;
  const name = 'of Buildkite';
  return {
    name,
    token: async (signal) => {
      const url = addressOf(`${withoutEndSlashes(agent)}/jobs/${encodeURIComponent(job)}/oidc/tokens`, name);
      const request = {
        method: 'POST',
        url,
        headers: { authorization: `Token ${secret}`, 'content-type': 'application/json' },
        body: { kind: 'bytes', bytes: Buffer.from(JSON.stringify({ audience: AUDIENCE })) },
        signal,
      } as const;
      return (await ask(fetch, request, name, z.object({ token: z.string().min(1) }))).token;
    },
  };
}

function addressOf(text: string, name: string): URL {
  const url = URL.parse(text);
  if (url !== null) return url;
  throw new PromotionError('IDENTITY', `the address for tokens ${name} is invalid`, {
    hint: 'check the environment of the job',
  });
}

async function ask<T>(
  fetch: Fetch,
  request: Omit<HttpRequest, 'operation' | 'wholeBody'>,
  name: string,
  schema: z.ZodType<T>,
): Promise<T> {
  const bad = (what: string, cause?: unknown): PromotionError =>
    new PromotionError('IDENTITY', `getting the identity token ${name}: ${what}`, {
      cause,
      hint: 'check that the job may request identity tokens (in GitHub Actions: permissions: id-token: write)',
    });
  try {
    const { status, body } = await fetch({ ...request, operation: 'token', wholeBody: ANSWER_LIMIT });
    const bytes = await body.bytes(ANSWER_LIMIT);
    if (status !== 200) throw bad(`the response is ${status}`);
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    request.signal.throwIfAborted();
    if (isPromotionError(error, 'IDENTITY')) throw error;
    if (isPromotionError(error)) throw bad(error.message, error);
    // Parser messages quote the response, and with it the token.
    throw bad('the response has an unexpected format');
  }
}
