import { type Fetch, type HttpRequest, type HttpResponse, header } from './fetch.ts';
import { peek } from './peek.ts';

/** Error bodies are shorter than this, and so is what has to be read to know that it is none. */
const TEXT_LIMIT = 1024;

const LIMITED = /^\s*\{\s*"errors"\s*:\s*\[\s*\{[^}]*"code"\s*:\s*"TOOMANYREQUESTS"/;

/** Makes a 429 of an answer that says TOOMANYREQUESTS under status 200 or 403, as some registries do, for all who go by the status. */
export const unmask =
  (inner: Fetch): Fetch =>
  async (request) => {
    const response = await inner(request);
    if (!mayBeMasked(request, response)) return response;
    const { text, response: whole } = await peek(response, TEXT_LIMIT);
    return LIMITED.test(text) ? { ...whole, status: 429 } : whole;
  };

function mayBeMasked({ method, operation }: HttpRequest, response: HttpResponse): boolean {
  if (response.status === 403) return method !== 'HEAD';
  if (response.status !== 200 || method !== 'GET' || operation === 'download') return false;
  const length = header(response, 'content-length');
  if (length !== undefined) return Number(length) > 0 && Number(length) <= TEXT_LIMIT;
  return header(response, 'content-type')?.startsWith('application/json') === true;
}
