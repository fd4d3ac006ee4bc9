/** The API of GitHub, as the runner names it in GITHUB_GRAPHQL_URL. */
type Api = { readonly address: string; readonly token: string };

type Place = { readonly owner: string; readonly name: string; readonly number: number };

type Comment = {
  readonly id: string;
  readonly body: string;
  /** REST has no field that tells the comments of a job's token from those of others. */
  readonly viewerDidAuthor: boolean;
};

type Page = {
  readonly id: string;
  readonly comments: {
    readonly nodes: readonly Comment[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};

const COMMENTS = `query ($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      id
      comments(first: 100, after: $after) {
        nodes { id body viewerDidAuthor }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`;
const CREATE = `mutation ($id: ID!, $body: String!) {
  addComment(input: { subjectId: $id, body: $body }) { commentEdge { node { url } } }
}`;
const UPDATE = `mutation ($id: ID!, $body: String!) {
  updateIssueComment(input: { id: $id, body: $body }) { issueComment { url } }
}`;

/** Updates our comment that begins with the marker, or creates it, and returns its address. */
export async function writeComment(
  place: Place,
  { marker, body }: { readonly marker: string; readonly body: string },
  api: Api,
): Promise<string> {
  let after: string | null = null;
  for (;;) {
    const page: Page = await commentsAfter(place, after, api);
    // Others can write our marker: their comment is not ours.
    const ours = page.comments.nodes.find((comment) => comment.viewerDidAuthor && comment.body.startsWith(marker));
    if (ours !== undefined) {
      type Updated = { updateIssueComment: { issueComment: { url: string } } };
      const { updateIssueComment } = await ask<Updated>(UPDATE, { id: ours.id, body }, api);
      return updateIssueComment.issueComment.url;
    }
    const { hasNextPage, endCursor } = page.comments.pageInfo;
    if (!hasNextPage || endCursor === null) {
      type Created = { addComment: { commentEdge: { node: { url: string } } } };
      const { addComment } = await ask<Created>(CREATE, { id: page.id, body }, api);
      return addComment.commentEdge.node.url;
    }
    after = endCursor;
  }
}

async function commentsAfter(place: Place, after: string | null, api: Api): Promise<Page> {
  type Found = { repository: { pullRequest: Page | null } | null };
  const { repository } = await ask<Found>(COMMENTS, { ...place, after }, api);
  if (repository?.pullRequest) return repository.pullRequest;
  throw new Error('the token cannot read the pull request');
}

/** Sends a request, and returns its data. Throws for a status or an error of GitHub, or after 30 s. */
async function ask<T>(query: string, variables: object, { address, token }: Api): Promise<T> {
  const answer = await fetch(address, {
    method: 'POST',
    // GitHub ends a request of its own after 10 s: https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    signal: AbortSignal.timeout(30_000),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'user-agent': 'kpromo-action' },
    body: JSON.stringify({ query, variables }),
  });
  const text = await answer.text();
  // a proxy may answer with a page
  if (!answer.ok) throw new Error(`GitHub answered with ${answer.status} ${answer.statusText}`);
  const { data, errors } = JSON.parse(text) as { data?: T | null; errors?: readonly { message: string }[] };
  if (data !== undefined && data !== null && (errors ?? []).length === 0) return data;
  throw new Error(`GitHub answered: ${(errors ?? []).map(({ message }) => message).join('; ') || 'no data'}`);
}
