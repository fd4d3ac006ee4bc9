import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import type { Fetch, HttpRequest } from '../../src/http/fetch.ts';
import { httpStack } from '../../src/http/stack.ts';
import { bodyOf, scriptedServer } from './scripted-server.ts';

/** One request as a cloud sees it; `host` is the name that it was sent to. */
export type CloudRequest = {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

/** JSON of an object, text of a string, or an answer with a status of its own. */
export type CloudAnswer = string | { readonly status: number; readonly body?: unknown } | { readonly json: unknown };

export type Cloud = {
  /** Sends every request, whatever its host, to the one server that plays them all. */
  readonly fetch: Fetch;
  readonly asked: readonly CloudRequest[];
  /** What the program wanted to send, before it was led here. */
  readonly wanted: readonly HttpRequest[];
  /** Answers the next requests in this way. */
  answer(next: (request: CloudRequest) => CloudAnswer | Promise<CloudAnswer>): void;
};

/** All hosts of a cloud in one server on loopback, behind the real request stack. */
export async function cloud(
  clock: Clock,
  first: (request: CloudRequest) => CloudAnswer | Promise<CloudAnswer>,
): Promise<Cloud> {
  let answer = first;
  const asked: CloudRequest[] = [];
  const wanted: HttpRequest[] = [];
  const server = await scriptedServer(async (request, response) => {
    const body = (await bodyOf(request)).toString();
    const { method = '', url = '', headers } = request;
    const seen = { method, host: String(headers['x-host']), path: url, headers, body };
    asked.push(seen);
    const given = await answer(seen);
    if (typeof given === 'string') response.end(given);
    else if ('json' in given) response.setHeader('content-type', 'application/json').end(JSON.stringify(given.json));
    else response.writeHead(given.status, { 'content-type': 'application/json' }).end(JSON.stringify(given.body ?? {}));
  });
  const stack = httpStack({ clock, random: () => 1, retryBudget: 3000 });
  onTestFinished(() => stack.close());
  return {
    asked,
    wanted,
    answer: (next) => void (answer = next),
    fetch: (request) => {
      wanted.push(request);
      const { metadata: _metadata, ...rest } = request;
      const url = new URL(`${request.url.pathname}${request.url.search}`, server.url);
      return stack.outbound({ ...rest, url, headers: { ...request.headers, 'x-host': request.url.host } });
    },
  };
}
