import type { PhaseName } from './phase.ts';

/** When a phase of a run began and how long it took, in milliseconds; `start` counts from the start of the run. */
export type PhaseTime = {
  readonly name: PhaseName;
  readonly start: number;
  readonly ms: number;
  /** `broken` ended the run: it threw, or the run was stopped while it worked. */
  readonly ended: 'done' | 'broken';
};

/** Requests over time: each list has a number for each step, from the start on. Times in milliseconds. */
export type TrafficSeries = {
  /** Milliseconds since the Unix epoch. */
  readonly start: number;
  /** How long a step is. */
  readonly step: number;
  readonly hosts: readonly HostSeries[];
};

export type HostSeries = {
  /** Empty for the sum of all hosts beyond the limit. */
  readonly host: string;
  /** Requests that ended. */
  readonly requests: readonly number[];
  /** Requests answered with 429 or 503. */
  readonly refused: readonly number[];
  /** Requests without an answer. */
  readonly unanswered: readonly number[];
  /** The rate of the limiter, in requests a second; null if unknown. */
  readonly limit: readonly (number | null)[];
};
