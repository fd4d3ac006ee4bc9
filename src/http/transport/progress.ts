/**
 * What has moved of one thing, such as a blob, while we waited for the other side, over all requests for it. Both are counted
 * anew whenever enough has moved.
 */
export type Progress = {
  bytes: number;
  ms: number;
  /** How often something moved. */
  moves: number;
  /** Which part of the usual rate is enough; all of it unless given. */
  readonly share?: number;
};

/** Nothing yet. */
export function noProgress(share = 1): Progress {
  return { bytes: 0, ms: 0, moves: 0, share };
}

/** How long less than the floor is waited for, in milliseconds; as long as no byte at all. */
const WINDOW = 30_000;

/** One wait counts no more, in milliseconds: a machine that slept is no slow registry. */
const LONGEST_WAIT = 10_000;

/** What moved less often has stalled, which ends by itself: only what moves again and again could go on for ever. */
const LEAST_MOVES = 4;

/** Counts bytes that moved, and how long they were waited for. Returns the bytes of a window in which too few moved for this floor, in bytes a minute. */
export function tooSlow(progress: Progress, bytes: number, waited: number, floor: number): number | undefined {
  const { share = 1 } = progress;
  progress.bytes += bytes;
  progress.ms += Math.min(waited, LONGEST_WAIT);
  if (bytes > 0) progress.moves += 1;
  const isEnough = progress.bytes >= (floor * share * WINDOW) / 60_000;
  const moved = progress.bytes;
  if (!isEnough && (progress.ms < WINDOW || progress.moves < LEAST_MOVES)) return undefined;
  progress.bytes = 0;
  progress.ms = 0;
  progress.moves = 0;
  return isEnough ? undefined : moved;
}
