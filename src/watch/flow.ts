import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import type { RateReading } from '../ratelimit/adaptive-limiter.ts';

/** Returns the rate that each group of registries allows now. */
export type Readings = () => readonly Pick<RateReading, 'group' | 'origins' | 'rate'>[];

/** Requests to registries that share a rate; rates in requests a second. */
export type RegistryFlow = {
  readonly name: string;
  readonly perSecond: number;
  /** The rate that the registry seems to allow. */
  readonly limit?: number | undefined;
  /** The end of a pause that it ordered, in Unix milliseconds; undefined after it. */
  readonly pausedUntil?: number | undefined;
};

/** Speeds over the last seconds. */
export type Flow = {
  readonly narrate: Narrator;
  bytesPerSecond(): number;
  registries(): readonly RegistryFlow[];
};

/** Seconds of which a speed is the mean: long enough to be read, short enough to be current. */
const WINDOW = 5;

type Second = { readonly at: number; bytes: number; readonly requests: Map<string, number> };

/** Starts measuring; keeps no more than the window. */
export function flowOf(clock: Clock, readings: Readings): Flow {
  const start = clock.now();
  const pauses = new Map<string, number>();
  let seconds: Second[] = [];
  const recent = (): readonly Second[] => {
    const now = Math.floor(clock.now() / 1000);
    if (seconds[0] !== undefined && seconds[0].at <= now - WINDOW)
      seconds = seconds.filter(({ at }) => at > now - WINDOW);
    return seconds;
  };
  const current = (): Second => {
    const at = Math.floor(clock.now() / 1000);
    const last = seconds.at(-1);
    if (last?.at === at) return last;
    const second: Second = { at, bytes: 0, requests: new Map() };
    recent();
    seconds.push(second);
    return second;
  };
  // at the start of a run the window is not full yet
  const span = (): number => Math.min(WINDOW, Math.max(1, (clock.now() - start) / 1000));
  return {
    narrate: (event) => {
      if (event.type === 'bytes') current().bytes += event.bytes;
      if (event.type === 'request') count(current().requests, originOf(event.url));
      if (event.type === 'registry-paused') pauses.set(event.registry, Date.parse(event.until));
    },
    bytesPerSecond: () => recent().reduce((sum, { bytes }) => sum + bytes, 0) / span(),
    registries: () => {
      const totals = new Map<string, number>();
      for (const { requests } of recent()) for (const [origin, some] of requests) count(totals, origin, some);
      return flowsOf(totals, readings(), pauses, { span: span(), now: clock.now() });
    },
  };
}

/** Returns the part of an event's address before its path; parsing each address would take longer than counting. */
function originOf(url: string): string {
  return url.slice(0, url.indexOf('/', 'https://'.length));
}

function count(counts: Map<string, number>, key: string, more = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}

type Group = { readonly group: string; readonly origins: readonly string[]; readonly rate: number | undefined };

function flowsOf(
  totals: ReadonlyMap<string, number>,
  readings: ReturnType<Readings>,
  pauses: ReadonlyMap<string, number>,
  { span, now }: { readonly span: number; readonly now: number },
): RegistryFlow[] {
  const known = new Set(readings.flatMap(({ origins }) => origins));
  const others = [...totals.keys()].filter((origin) => !known.has(origin));
  const groups = [...readings, ...others.map((origin) => ({ group: origin, origins: [origin], rate: undefined }))];
  return groups
    .map(({ group, origins, rate }: Group): RegistryFlow => {
      const pausedUntil = pauses.get(group) ?? 0;
      return {
        name: group.replace(/^https?:\/\//, ''),
        perSecond: origins.reduce((sum, origin) => sum + (totals.get(origin) ?? 0), 0) / span,
        limit: rate,
        pausedUntil: pausedUntil > now ? pausedUntil : undefined,
      };
    })
    .filter(({ perSecond, pausedUntil }) => perSecond > 0 || pausedUntil !== undefined)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
