import type { HttpResponse, ResponseBody } from '../fetch.ts';
import { collect } from '../transport/response-body.ts';

/** Returns the first `limit` bytes of a response as text, and the response with its body still whole. */
export async function peek(
  response: HttpResponse,
  limit: number,
): Promise<{ readonly text: string; readonly response: HttpResponse }> {
  const { body } = response;
  const source = body.stream()[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let size = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    while (size < limit) {
      const { done, value } = await source.next();
      if (done === true) break;
      seen.push(value);
      size += value.length;
    }
  } catch (error) {
    failure = { error };
  }
  const text = Buffer.concat(seen).subarray(0, limit).toString('utf8');
  return { text, response: { ...response, body: rejoined(body, seen, source, failure) } };
}

function rejoined(
  body: ResponseBody,
  seen: readonly Uint8Array[],
  source: AsyncIterator<Uint8Array>,
  failure: { readonly error: unknown } | undefined,
): ResponseBody {
  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      yield* seen;
      if (failure !== undefined) throw failure.error;
      for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
    } finally {
      await source.return?.();
    }
  }
  return {
    finished: body.finished,
    stream,
    bytes: (limit) => collect(stream(), limit, 'the answer'),
    drain: async (take) => {
      for await (const chunk of stream()) await take(chunk);
    },
    discard: async () => void (await source.return?.()),
  };
}
