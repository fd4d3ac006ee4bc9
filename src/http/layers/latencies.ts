/** How long the requests of each class usually take. */
export type Latencies = {
  /** Records that a request of this class was answered after `ms` milliseconds. */
  add(key: string, ms: number): void;
  /** Returns the time in milliseconds within which most recent requests were answered; undefined if too few were. */
  usual(key: string): number | undefined;
};

/** Number of recent answers that count: enough for a quantile, and few enough to follow a registry that changes. */
const KEPT = 50;

/** Fewer answers say little: the first ones of an origin include name resolution and TLS. */
const LEAST = 8;

/** A tenth of the answers may be as late as they like without changing the result. */
const QUANTILE = 0.9;

/** After this many answers the result is computed again. */
const EVERY = 8;

type Recent = { readonly answers: number[]; next: number; added: number; usual: number | undefined };

/** Creates an empty memory of answers; a class takes some hundred bytes. */
export function learntLatencies(): Latencies {
  const classes = new Map<string, Recent>();
  return {
    add: (key, ms) => {
      const recent = classes.get(key) ?? { answers: [], next: 0, added: 0, usual: undefined };
      classes.set(key, recent);
      recent.answers[recent.next] = ms;
      recent.next = (recent.next + 1) % KEPT;
      recent.added += 1;
      if (recent.added % EVERY === 0 && recent.added >= LEAST) recent.usual = quantile(recent.answers);
    },
    usual: (key) => classes.get(key)?.usual,
  };
}

function quantile(answers: readonly number[]): number | undefined {
  return answers.toSorted((a, b) => a - b)[Math.floor(answers.length * QUANTILE)];
}
