import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figures, Limit, Limits } from './scenario.ts';

/** Committed figures by scenario. */
export type Results = Readonly<Record<string, Figures>>;

/** One figure beside the committed one. */
export type Compared = {
  readonly name: string;
  readonly measured: number;
  readonly committed: number | undefined;
  readonly limit: Limit | undefined;
  /** The reason why this figure fails the run; undefined if it does not. */
  readonly problem: string | undefined;
};

/**
 * The share by which a figure may exceed the committed one. Requests: at most 2 % are repeated reads. Memory: the garbage
 * collector starts earlier or later from run to run; three runs on a busy machine differed by at most 8 %. Ratios have
 * limits of their own, since they vary with the machine's load.
 */
const TOLERANCE: Readonly<Record<string, number>> = { requests: 0.02, peakMiB: 0.15 };

const FILE = join(import.meta.dirname, 'results.json');

/** Returns the committed figures. */
export function readResults(): Results {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Results;
}

/** Replaces the figures of these scenarios and keeps those of all others. */
export function writeResults(measured: Results): void {
  const all = Object.entries({ ...readResults(), ...measured }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`);
}

/** Compares the figures of one scenario with the committed ones and with its limits. */
export function compare(figures: Figures, committed: Figures = {}, limits: Limits = {}): readonly Compared[] {
  const missing = Object.keys(limits).filter((name) => figures[name] === undefined);
  return [
    ...Object.entries(figures).map(([name, measured]) => {
      const [before, limit] = [committed[name], limits[name]];
      return { name, measured, committed: before, limit, problem: problemOf(name, measured, before, limit) };
    }),
    ...missing.map((name) => ({
      name,
      measured: Number.NaN,
      committed: committed[name],
      limit: limits[name],
      problem: 'not measured',
    })),
  ];
}

function problemOf(
  name: string,
  measured: number,
  committed: number | undefined,
  limit: Limit | undefined,
): string | undefined {
  if (limit !== undefined && 'most' in limit && measured > limit.most) return `more than ${limit.most}`;
  if (limit !== undefined && 'least' in limit && measured < limit.least) return `less than ${limit.least}`;
  // `peakMiB of 4` is memory, too.
  const tolerance = TOLERANCE[name.split(' ')[0] ?? ''];
  if (committed === undefined || tolerance === undefined) return undefined;
  return measured > committed * (1 + tolerance) ? `more than ${committed} and ${tolerance * 100} %` : undefined;
}
