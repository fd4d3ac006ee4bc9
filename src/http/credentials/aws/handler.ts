import type { ECRClientConfig } from '@aws-sdk/client-ecr';
import type { Fetch } from '../../fetch.ts';
import { webFetch } from '../web-fetch.ts';

/** A request as the clients of the SDK build it. */
type AwsRequest = {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

/** Sends the requests of an AWS client through `fetch`. */
export function awsHandler(fetch: Fetch, signal: AbortSignal): NonNullable<ECRClientConfig['requestHandler']> {
  const send = webFetch(fetch, signal);
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async ({ protocol, hostname, port, path, query = {}, method, headers, body }: AwsRequest) => {
      const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
      for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
      // A Buffer made of the array itself would call its `valueOf`, which the SDK warns of.
      const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
      const answer = await send(url, { method, headers, body: text });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return { response: { statusCode: answer.status, headers: Object.fromEntries(answer.headers), body: bytes } };
    },
  };
}
