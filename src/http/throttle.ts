import type { Lane, Limiter } from '../ratelimit/limits.ts';
import type { Fetch, Operation } from './fetch.ts';

const LANES: Readonly<Record<Operation, Lane>> = {
  token: 'small',
  list: 'small',
  read: 'small',
  write: 'small',
  download: 'download',
  session: 'small',
  upload: 'upload',
  other: 'small',
};

/** Sends a request when the limiter lets it; its slot is held until nothing more comes over the socket. */
export const throttle =
  (limiter: Limiter) =>
  (inner: Fetch): Fetch =>
  async (request) => {
    const release = await limiter.acquire(
      { origin: request.url.origin, lane: LANES[request.operation] },
      request.signal,
    );
    try {
      const response = await inner(request);
      void response.body.finished.then(release);
      return response;
    } catch (error) {
      release();
      throw error;
    }
  };
