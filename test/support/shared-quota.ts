import type { Clock } from '../../src/clock.ts';
import type { Limiter, RequestClass } from '../../src/ratelimit/limiter.ts';
import type { Quota } from './rate-simulation.ts';

/** Requests admitted and refused so far. */
export type Tally = { admitted: number; refused: number };

type CrowdOptions = {
  readonly clock: Clock;
  readonly quota: Quota;
  readonly origin: string;
  /** What they ask for; reads unless given. */
  readonly kind?: RequestClass;
  /** How many requests a member has under way at once. */
  readonly concurrency: number;
  /** A number from 0 to 1. */
  readonly random: () => number;
};

/** Members that always have more to send to one registry. */
export type Crowd = {
  /** Sends through this limiter, until the returned function is called. */
  enter(limiter: Limiter): () => void;
  readonly tally: Readonly<Tally>;
};

/** Nobody at first; round trips take 5 to 40 ms. */
export function crowd({ clock, quota, origin, concurrency, random, kind = 'read' }: CrowdOptions): Crowd {
  const tally = { admitted: 0, refused: 0 };
  const sendAll = async (limiter: Limiter, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const permit = await limiter.acquire({ origin, lane: 'small', class: kind }, signal);
      const away = 5 + random() * 35;
      await clock.wait(away / 2);
      const isAdmitted = quota.admit(clock.now());
      tally[isAdmitted ? 'admitted' : 'refused'] += 1;
      await clock.wait(away / 2);
      permit.answered({ status: isAdmitted ? 200 : 429 });
      permit.release();
    }
  };
  return {
    tally,
    enter: (limiter) => {
      const leaving = new AbortController();
      for (let count = 0; count < concurrency; count += 1) {
        sendAll(limiter, leaving.signal).catch((error: unknown) => {
          if (!leaving.signal.aborted) throw error;
        });
      }
      return () => leaving.abort();
    },
  };
}
