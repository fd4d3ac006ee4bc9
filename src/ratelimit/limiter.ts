/**
 * Groups of requests with separate slots: a small request takes one round trip, a body holds its slot for as long as
 * its bytes take.
 */
export type Lane = 'small' | 'download' | 'upload';

/** Classes that registries count separately, each within the limit of the whole. */
export type RequestClass = 'token' | 'list' | 'read' | 'write';

/** A request that needs a permit. */
export type Want = { readonly origin: string; readonly lane: Lane; readonly class: RequestClass };

/**
 * The response to a request. `pause` is the wait that the registry orders, in milliseconds; `rate` is the promised rate
 * in requests a second.
 */
export type Answer = { readonly status: number; readonly pause?: number; readonly rate?: number };

/** A permit to send one request. */
export type Permit = {
  /** Reports the response; undefined if none came. Called at most once. */
  answered(answer: Answer | undefined): void;
  /** Releases the slot; may be called twice. */
  release(): void;
};

/** Decides when a request may be sent. */
export type Limiter = {
  /** Resolves when the request may be sent, in order of arrival within its lane and class. */
  acquire(want: Want, signal: AbortSignal): Promise<Permit>;
  /** Returns true if the rate leaves room for one more request now: no pause, and no wait for a token. Takes nothing. */
  spare(want: Want): boolean;
};
