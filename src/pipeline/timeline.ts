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
  /** Empty for all hosts together that are too many to be told apart. */
  readonly host: string;
  /** Requests that ended. */
  readonly requests: readonly number[];
  /** Those of them that were answered with 429 or 503. */
  readonly refused: readonly number[];
  /** Those that got no answer. */
  readonly unanswered: readonly number[];
  /** What the limiter allowed, in requests a second; null where nothing is known. */
  readonly limit: readonly (number | null)[];
};
