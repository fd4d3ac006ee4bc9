import type { Clock } from '../../clock.ts';
import { isPromotionError } from '../../errors.ts';
import type { Narrator } from '../../events.ts';
import type { Fetch } from '../fetch.ts';
import { redactUrl } from '../redact.ts';

/** Layer that emits an event for each request that was sent, with its status or error code, and its duration. */
export const narrate =
  (narrator: Narrator, clock: Clock) =>
  (inner: Fetch): Fetch =>
  async (request) => {
    const { method, operation, hedged } = request;
    const url = redactUrl(request.url);
    const start = clock.now();
    try {
      const response = await inner(request);
      const { status } = response;
      narrator({ type: 'request', method, url, operation, hedged, status, ms: clock.now() - start });
      return response;
    } catch (error) {
      const code = isPromotionError(error) ? error.code : request.signal.aborted ? 'ABORTED' : 'NETWORK';
      narrator({ type: 'request', method, url, operation, hedged, error: code, ms: clock.now() - start });
      throw error;
    }
  };
