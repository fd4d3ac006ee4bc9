import type { Clock } from '../../clock.ts';
import type { Narrator, RunEvent } from '../../events.ts';
import type { HostSeries, TrafficSeries } from '../../pipeline/timeline.ts';

/** Counts requests over time from the events of a run. */
export type TrafficRecorder = { readonly narrate: Narrator; series(): TrafficSeries };

/** The rate that these origins currently allow, in requests per second. */
export type AllowedRate = { readonly origins: readonly string[]; readonly rate: number };

/** About as many points as a chart on the page can show. */
const STEPS = 240;
/** In milliseconds: shows a run of a few seconds in detail. Doubles whenever all steps are used. */
const FIRST_STEP = 250;
/** More than the registries of any run. Object stores behind them can have one host name per bucket. */
const HOSTS = 60;

type Step = { requests: number; refused: number; unanswered: number; limit: number | null };
type Steps = Map<number, Step>;

/**
 * Records the requests of a run in bounded memory, however long it lasts. Calls `rates` at most once per step and host.
 */
export function recordTraffic(clock: Clock, rates: () => readonly AllowedRate[]): TrafficRecorder {
  const start = clock.now();
  const hosts = new Map<string, Steps>();
  let step = FIRST_STEP;
  const widen = (): void => {
    step *= 2;
    for (const [host, steps] of hosts) hosts.set(host, halved(steps));
  };
  const stepsOf = (host: string): Steps => {
    const key = hosts.has(host) || hosts.size < HOSTS ? host : '';
    const steps = hosts.get(key) ?? new Map<number, Step>();
    hosts.set(key, steps);
    return steps;
  };
  const narrate: Narrator = (event) => {
    if (event.type !== 'request') return;
    const passed = clock.now() - start;
    while (passed >= step * STEPS) widen();
    const { origin = '', host = '' } = URL.parse(event.url) ?? {};
    const steps = stepsOf(host);
    const index = Math.floor(passed / step);
    const at = steps.get(index) ?? { requests: 0, refused: 0, unanswered: 0, limit: rateOf(origin, rates()) };
    steps.set(index, counted(at, event));
  };
  return { narrate, series: () => ({ start, step, hosts: listed(hosts) }) };
}

function rateOf(origin: string, rates: readonly AllowedRate[]): number | null {
  const rate = rates.find(({ origins }) => origins.includes(origin))?.rate;
  // No chart shows differences below 0.1 requests per second.
  return rate === undefined ? null : Math.round(rate * 10) / 10;
}

function counted(at: Step, { status }: RunEvent & { readonly type: 'request' }): Step {
  return {
    requests: at.requests + 1,
    refused: at.refused + (status === 429 || status === 503 ? 1 : 0),
    unanswered: at.unanswered + (status === undefined ? 1 : 0),
    limit: at.limit,
  };
}

function halved(steps: Steps): Steps {
  const wider: Steps = new Map();
  for (const [index, at] of steps) {
    const target = Math.floor(index / 2);
    const known = wider.get(target) ?? { requests: 0, refused: 0, unanswered: 0, limit: null };
    wider.set(target, {
      requests: known.requests + at.requests,
      refused: known.refused + at.refused,
      unanswered: known.unanswered + at.unanswered,
      // Without a newer value, the last limit also applies to the next step.
      limit: at.limit ?? known.limit,
    });
  }
  return wider;
}

/** Returns the hosts with equally long series. A limit applies until the next known one. */
function listed(hosts: ReadonlyMap<string, Steps>): HostSeries[] {
  const length = Math.max(0, ...[...hosts.values()].flatMap((steps) => [...steps.keys()])) + 1;
  return [...hosts]
    .filter(([, steps]) => steps.size > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, steps]) => {
      const all = Array.from({ length }, (_, index) => steps.get(index));
      let limit: number | null = null;
      return {
        host,
        requests: all.map((at) => at?.requests ?? 0),
        refused: all.map((at) => at?.refused ?? 0),
        unanswered: all.map((at) => at?.unanswered ?? 0),
        limit: all.map((at) => (limit = at?.limit ?? limit)),
      };
    });
}
