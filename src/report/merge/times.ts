import { largest, smallest } from '../../lists.ts';
import type { HostSeries, TrafficSeries } from '../../pipeline/timeline.ts';
import type { ReportDocument } from '../model/schema.ts';

type Phase = ReportDocument['phases'][number];

/** The most steps of a merged series: as many as one run records. */
const STEPS = 240;

/** Returns the time of the first start and the end of the last run, in milliseconds since the Unix epoch. */
export function envelopeOf(documents: readonly ReportDocument[]): { readonly start: number; readonly end: number } {
  const starts = documents.map(({ started }) => Date.parse(started));
  return { start: smallest(starts), end: largest(documents.map(({ started, ms }) => Date.parse(started) + ms)) };
}

/**
 * Returns the phases of all runs from the first start of each to its last end, relative to `start`. A phase that runs
 * twice, as setup does before a replication, is listed twice.
 */
export function phasesOf(documents: readonly ReportDocument[], start: number): readonly Phase[] {
  const all = documents.flatMap(({ started, phases }) => {
    const later = Date.parse(started) - start;
    const nth = new Map<string, number>();
    return phases.map((phase) => {
      const count = (nth.get(phase.name) ?? 0) + 1;
      nth.set(phase.name, count);
      return { key: `${phase.name} ${count}`, phase: { ...phase, start: phase.start + later } };
    });
  });
  const merged = [...Map.groupBy(all, ({ key }) => key).values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const begin = smallest(same.map(({ phase }) => phase.start));
    const end = largest(same.map(({ phase }) => phase.start + phase.ms));
    const isBroken = same.some(({ phase }) => phase.ended === 'broken');
    return [
      { ...first.phase, start: begin, ms: end - begin, ended: isBroken ? ('broken' as const) : ('done' as const) },
    ];
  });
  return merged.toSorted((a, b) => a.start - b.start);
}

/** One series with absolute times. */
type Timed = { readonly start: number; readonly series: NonNullable<ReportDocument['traffic']> };

/** Returns the sum of the series of all runs, in at most 240 steps; undefined if no run has one. */
export function trafficOf(documents: readonly ReportDocument[]): TrafficSeries | undefined {
  const all = documents.flatMap(({ started, traffic }): Timed[] =>
    traffic === undefined || traffic.step <= 0 ? [] : [{ start: Date.parse(started) + traffic.start, series: traffic }],
  );
  if (all.length === 0) return undefined;
  const start = smallest(all.map((one) => one.start));
  const end = largest(all.map((one) => one.start + one.series.step * lengthOf(one)));
  let step = largest(all.map(({ series }) => series.step));
  while ((end - start) / step > STEPS) step *= 2;
  const length = Math.ceil((end - start) / step);
  const names = [...new Set(all.flatMap(({ series }) => series.hosts.map(({ host }) => host)))].toSorted();
  return { start, step, hosts: names.map((host) => hostSeries(host, all, { start, step, length })) };
}

function lengthOf({ series }: Timed): number {
  const lists = series.hosts.flatMap(({ requests, refused, unanswered, limit }) => [
    requests,
    refused,
    unanswered,
    limit,
  ]);
  return largest([0, ...lists.map(({ length }) => length)]);
}

type Grid = { readonly start: number; readonly step: number; readonly length: number };

function hostSeries(host: string, all: readonly Timed[], grid: Grid): HostSeries {
  const zeros = (): number[] => Array.from({ length: grid.length }, () => 0);
  const sums = { requests: zeros(), refused: zeros(), unanswered: zeros() };
  const limit: (number | null)[] = Array.from({ length: grid.length }, () => null);
  for (const { start, series } of all) {
    const indexOf = (at: number): number => Math.floor((start + at * series.step - grid.start) / grid.step);
    for (const one of series.hosts.filter((entry) => entry.host === host)) {
      for (const key of ['requests', 'refused', 'unanswered'] as const)
        for (const [at, value] of one[key].entries()) sums[key][indexOf(at)] = (sums[key][indexOf(at)] ?? 0) + value;
      // of several steps that become one, the last limit applies
      const limits = new Map(one.limit.map((value, at) => [indexOf(at), value]));
      for (const [at, value] of limits) if (value !== null) limit[at] = (limit[at] ?? 0) + value;
    }
  }
  return { host, ...sums, limit };
}
