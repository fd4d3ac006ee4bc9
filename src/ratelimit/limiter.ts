/** Small requests answer in one round trip; bodies hold their slot as long as the bytes take. */
export type Lane = 'small' | 'download' | 'upload';

/** What registries count apart, each under the limit of the whole. */
export type RequestClass = 'token' | 'list' | 'read' | 'write';

/** What a request asks of a limiter. */
export type Want = { readonly origin: string; readonly lane: Lane; readonly class: RequestClass };

/** What came back: `pause` and `rate` are what the registry orders (milliseconds) and promises (requests a second). */
export type Answer = { readonly status: number; readonly pause?: number; readonly rate?: number };

/** Leave to send one request. */
export type Permit = {
  /** Says what the registry answered, undefined when no answer came; called at most once. */
  answered(answer: Answer | undefined): void;
  /** Gives the slot back; may be called twice. */
  release(): void;
};

/** Decides when a request may be sent. */
export type Limiter = {
  /** Resolves when the request may go, in order of arrival within its lane and class. */
  acquire(want: Want, signal: AbortSignal): Promise<Permit>;
};
