import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A comment of a pull request; `mine` if the job's token wrote it. */
export type TestComment = { readonly id: string; body: string; readonly mine: boolean };

/** The comments of pull requests, served as by GitHub's GraphQL API. */
export type TestComments = {
  readonly url: string;
  readonly token: string;
  /** The comments of pull request 7 of acme/images. */
  readonly comments: TestComment[];
  /** The operations that were requested. */
  readonly log: string[];
  /** Answers all following writes: a token of a fork gets `forbidden`, a broken gateway answers with a status. */
  refuse(how: 'forbidden' | number): void;
};

/** The token of the job. */
const TOKEN = 'ghs_0123456789abcdefghijklmnopqrstuvwxyzAB';
const MOST = 65_536;

type Request = { readonly query: string; readonly variables: Readonly<Record<string, string | number | null>> };
type Answer = { readonly status?: number; readonly body: object };

/** Starts a server that ends with the test. */
export async function startComments(): Promise<TestComments> {
  const comments: TestComment[] = [];
  const log: string[] = [];
  let refusal: 'forbidden' | number | undefined;
  const write = (id: string, action: () => object): Answer => {
    if (typeof refusal === 'number') return { status: refusal, body: {} };
    if (refusal !== undefined) return errors('FORBIDDEN', 'Resource not accessible by integration');
    log.push(id);
    return { body: { data: action() } };
  };
  const answer = ({ query, variables }: Request): Answer => {
    const { id, body } = variables;
    if (/^query\b/.test(query)) return read(comments, log, variables);
    if (typeof body !== 'string' || body.length > MOST)
      return errors('UNPROCESSABLE', 'Body is too long (maximum is 65536 characters)');
    if (query.includes('addComment(input: { subjectId: $id, body: $body })') && id === 'PR_7')
      return write('create', () => {
        comments.push({ id: `IC_${comments.length + 1}`, body, mine: true });
        return { addComment: { commentEdge: { node: { url: addressOf(comments.length) } } } };
      });
    const found = comments.find((comment) => comment.id === id);
    if (!query.includes('updateIssueComment(input: { id: $id, body: $body })') || found === undefined)
      return errors('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'`);
    return write('update', () => {
      found.body = body;
      return { updateIssueComment: { issueComment: { url: addressOf(Number(found.id.slice(3))) } } };
    });
  };
  const server = createServer((request, response) => {
    void bodyOf(request).then((text) => {
      const isKnown = request.method === 'POST' && request.url === '/api/graphql';
      const isAllowed = request.headers.authorization === `Bearer ${TOKEN}`;
      const { status = 200, body } = !isKnown
        ? { status: 404, body: {} }
        : isAllowed
          ? answer(JSON.parse(text) as Request)
          : { status: 401, body: { message: 'Bad credentials' } };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/graphql`;
  return { url, token: TOKEN, comments, log, refuse: (how) => void (refusal = how) };
}

/** A page has up to 100 comments, as on GitHub. */
function read(comments: readonly TestComment[], log: string[], variables: Request['variables']): Answer {
  const { owner, name, number, after } = variables;
  log.push('read');
  if (owner !== 'acme' || name !== 'images' || number !== 7) return { body: { data: { repository: null } } };
  const start = Number(after ?? 0);
  const nodes = comments.slice(start, start + 100);
  const end = start + nodes.length;
  const page = {
    nodes: nodes.map(({ id, body, mine }) => ({ id, body, viewerDidAuthor: mine })),
    pageInfo: { hasNextPage: end < comments.length, endCursor: nodes.length === 0 ? null : String(end) },
  };
  return { body: { data: { repository: { pullRequest: { id: 'PR_7', comments: page } } } } };
}

/** GitHub answers with 200 to a request that it refuses. */
function errors(type: string, message: string): Answer {
  return { body: { data: null, errors: [{ type, message }] } };
}

const addressOf = (number: number): string => `https://github.test/acme/images/pull/7#issuecomment-${number}`;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
