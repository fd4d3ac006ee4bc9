/**
 * Bytes moved and time waited for one transfer, such as that of a blob, over all its requests. Both restart at zero
 * whenever enough bytes have moved.
 */
export type Progress = {
  bytes: number;
  ms: number;
  /** Number of times that bytes moved. */
  moves: number;
  /** Fraction of the minimum rate that is required. Default: 1. */
  readonly share?: number;
};

/** Creates a progress with nothing moved yet. */
export function newProgress(share = 1): Progress {
  return { bytes: 0, ms: 0, moves: 0, share };
}

/** How long a rate below the minimum is accepted, in milliseconds. */
const WINDOW = 30_000;

/** How long it is accepted if bytes move rarely, in milliseconds. */
const RARE_WINDOW = 45_000;

/** The longest time that one wait may count, in milliseconds: a longer one is a stall, which the idle timeout ends. */
const LONGEST_WAIT = 10_000;

/**
 * A transfer with fewer moves in the window may have stalled, which the idle timeout ends, and recover. Only one that
 * keeps moving a little could go on for ever.
 */
const LEAST_MOVES = 12;

/**
 * Adds bytes that moved and the milliseconds waited for them. Returns the bytes moved in a window that stayed below
 * `floor` bytes a minute; undefined if the rate is sufficient.
 */
export function tooSlow(progress: Progress, bytes: number, waited: number, floor: number): number | undefined {
  const { share = 1 } = progress;
  progress.bytes += bytes;
  progress.ms += Math.min(waited, LONGEST_WAIT);
  if (bytes > 0) progress.moves += 1;
  const isEnough = progress.bytes >= (floor * share * WINDOW) / 60_000;
  const moved = progress.bytes;
  const window = progress.moves < LEAST_MOVES ? RARE_WINDOW : WINDOW;
  if (!isEnough && progress.ms < window) return undefined;
  progress.bytes = 0;
  progress.ms = 0;
  progress.moves = 0;
  return isEnough ? undefined : moved;
}
