import type { ECRClientConfig } from '@aws-sdk/client-ecr';
import type { Fetch } from '../../fetch.ts';
import { webFetch } from '../web-fetch.ts';

/** A request as the AWS SDK builds it. */
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

/** Returns a request handler that sends the requests of an AWS client through `fetch`. */
export function awsHandler(fetch: Fetch, signal: AbortSignal): NonNullable<ECRClientConfig['requestHandler']> {
  const send = webFetch(fetch, signal);
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async ({ protocol, hostname, port, path, query = {}, method, headers, body }: AwsRequest) => {
      const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
      for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
      // Converting the array through a Buffer would call its `valueOf`, for which the SDK logs a warning.
      const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
      const answer = await send(url, { method, headers, body: text });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return { response: { statusCode: answer.status, headers: Object.fromEntries(answer.headers), body: bytes } };
    },
  };
}
