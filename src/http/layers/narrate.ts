import type { Clock } from '../../clock.ts';
import { isPromotionError } from '../../errors.ts';
import type { Narrator } from '../../events.ts';
import type { Fetch } from '../fetch.ts';
import { redactUrl } from '../redact.ts';

/** Tells of each request that was sent: how it was answered, or the code of what went wrong, and how long that took. */
export const narrate =
  (narrator: Narrator, clock: Clock) =>
  (inner: Fetch): Fetch =>
  async (request) => {
    const { method, operation } = request;
    const url = redactUrl(request.url);
    const start = clock.now();
    try {
      const response = await inner(request);
      narrator({ type: 'request', method, url, operation, status: response.status, ms: clock.now() - start });
      return response;
    } catch (error) {
      const code = isPromotionError(error) ? error.code : request.signal.aborted ? 'ABORTED' : 'NETWORK';
      narrator({ type: 'request', method, url, operation, error: code, ms: clock.now() - start });
      throw error;
    }
  };
