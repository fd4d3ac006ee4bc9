import type { RequestClass } from '../limiter.ts';

/** Recent admissions and refusals of each class of requests. */
export type ClassRates = {
  sent(kind: RequestClass, now: number): void;
  /** Records a response that was not a refusal. */
  admitted(kind: RequestClass, now: number): void;
  /**
   * Returns true if another class had such a response within the last second: then the registry as a whole is not at
   * its limit.
   */
  othersAdmitted(kind: RequestClass, now: number): boolean;
  refused(kind: RequestClass, now: number): void;
  /** Returns true if another class was refused recently: then they share one limit. */
  othersRefused(kind: RequestClass, now: number): boolean;
  /** Returns the number of requests of the class in the last second. */
  rate(kind: RequestClass, now: number): number;
};

const SECOND = 1_000;

/**
 * Two classes that are refused within this many milliseconds share one limit: separate limits would be a coincidence.
 */
const RECENT = 60_000;

/** Starts empty. */
export function classRates(): ClassRates {
  const admittedAt = new Map<RequestClass, number>();
  const refusedAt = new Map<RequestClass, number>();
  const sentAt = new Map<RequestClass, number[]>();
  return {
    sent: (kind, now) => {
      const times = sentAt.get(kind) ?? [];
      sentAt.set(kind, times);
      times.push(now);
      while (now - (times[0] ?? now) > SECOND) times.shift();
    },
    admitted: (kind, now) => {
      admittedAt.set(kind, now);
    },
    othersAdmitted: (kind, now) => [...admittedAt].some(([other, at]) => other !== kind && now - at <= SECOND),
    refused: (kind, now) => {
      refusedAt.set(kind, now);
    },
    othersRefused: (kind, now) => [...refusedAt].some(([other, at]) => other !== kind && now - at <= RECENT),
    rate: (kind, now) => (sentAt.get(kind) ?? []).filter((at) => now - at <= SECOND).length,
  };
}
