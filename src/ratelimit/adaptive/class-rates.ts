import type { RequestClass } from '../limiter.ts';

/** How the classes of requests flow, as far back as one second. */
export type ClassFlow = {
  sent(kind: RequestClass, now: number): void;
  /** An answer came that was no refusal. */
  admitted(kind: RequestClass, now: number): void;
  /** True when another class had such an answer within the last second: then the registry as a whole is not full. */
  othersFlow(kind: RequestClass, now: number): boolean;
  refused(kind: RequestClass, now: number): void;
  /** True when another class was refused lately: then they have one limit in common. */
  othersRefused(kind: RequestClass, now: number): boolean;
  /** Requests of the class in the last second. */
  rate(kind: RequestClass, now: number): number;
};

const SECOND = 1_000;

/** Limits of their own that two classes hit within the same minute would be a coincidence. */
const LATELY = 60_000;

/** Starts without any flow. */
export function classFlow(): ClassFlow {
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
    othersFlow: (kind, now) => [...admittedAt].some(([other, at]) => other !== kind && now - at <= SECOND),
    refused: (kind, now) => {
      refusedAt.set(kind, now);
    },
    othersRefused: (kind, now) => [...refusedAt].some(([other, at]) => other !== kind && now - at <= LATELY),
    rate: (kind, now) => (sentAt.get(kind) ?? []).filter((at) => now - at <= SECOND).length,
  };
}
