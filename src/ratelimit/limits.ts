/** Small requests answer in one round trip; bodies hold their slot as long as the bytes take. */
export type Lane = 'small' | 'download' | 'upload';

/** What a request asks of a limiter. */
export type Want = { readonly origin: string; readonly lane: Lane };

/** Decides when a request may be sent. */
export type Limiter = {
  /** Resolves, in order of arrival, when the request may go; what it resolves to gives the slot back and may be called twice. */
  acquire(want: Want, signal: AbortSignal): Promise<() => void>;
};

/** One slot must be left for each lane. */
const FEWEST = 3;

/**
 * At most `concurrency` requests of an origin at once. Bodies leave a fifth of the slots to small requests,
 * and downloads leave some to uploads: a copy within one registry holds one of each, and must be able to end.
 */
export function concurrencyLimiter(concurrency: number): Limiter {
  if (!Number.isInteger(concurrency) || concurrency < FEWEST) {
    throw new RangeError(`concurrency must be a whole number of at least ${FEWEST}, not ${concurrency}`);
  }
  const origins = new Map<string, Slots>();
  return {
    acquire: (want, signal) => {
      let slots = origins.get(want.origin);
      if (slots === undefined) {
        slots = originSlots(concurrency);
        origins.set(want.origin, slots);
      }
      return slots(want.lane, signal);
    },
  };
}

type Slots = (lane: Lane, signal: AbortSignal) => Promise<() => void>;
type Waiter = { readonly lane: Lane; readonly go: () => void };

function originSlots(concurrency: number): Slots {
  const free = vacancies(concurrency);
  const active: Record<Lane, number> = { small: 0, download: 0, upload: 0 };
  const waiting = new Set<Waiter>();
  const admit = (): void => {
    const full = new Set<Lane>();
    for (const waiter of waiting) {
      // Thousands may wait: look no further than there is anything to give.
      if (full.size === LANES.length || active.small + active.download + active.upload >= concurrency) return;
      if (!full.has(waiter.lane) && free(waiter.lane, active)) waiter.go();
      else full.add(waiter.lane);
    }
  };
  const take = (lane: Lane): (() => void) => {
    active[lane] += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      active[lane] -= 1;
      admit();
    };
  };
  return (lane, signal) => queueIn(waiting, lane, signal, (resolve) => resolve(take(lane)), admit);
}

const LANES: readonly Lane[] = ['small', 'download', 'upload'];

/** Says whether a lane has a slot left, given how many are in use. */
function vacancies(concurrency: number): (lane: Lane, active: Readonly<Record<Lane, number>>) => boolean {
  const bodies = concurrency - Math.max(1, Math.floor(concurrency / 5));
  const oneKind = Math.max(1, Math.floor((bodies * 3) / 4));
  return (lane, active) => {
    const inBodies = active.download + active.upload;
    if (active.small + inBodies >= concurrency) return false;
    return lane === 'small' || (inBodies < bodies && active[lane] < oneKind);
  };
}

/** Waits in the queue until `give` is called for it, or until the signal aborts. */
function queueIn(
  waiting: Set<Waiter>,
  lane: Lane,
  signal: AbortSignal,
  give: (resolve: (release: () => void) => void) => void,
  joined: () => void,
): Promise<() => void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const leave = (): void => {
      waiting.delete(waiter);
      signal.removeEventListener('abort', onAbort);
    };
    const waiter: Waiter = {
      lane,
      go: () => {
        leave();
        give(resolve);
      },
    };
    const onAbort = (): void => {
      leave();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    waiting.add(waiter);
    joined();
  });
}
