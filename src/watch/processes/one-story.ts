import type { Clock } from '../../clock.ts';
import type { Narrator, ProgressEvent, RunEvent } from '../../events.ts';
import type { PhaseEvent } from '../../pipeline/phase-events.ts';
import { rendered } from '../log-lines/render.ts';
import { onePipeline, type Phases, type Place } from './phases.ts';
import { COUNTS, isCounted, isNumbered, type Counted, type Numbered, type Taken } from './taken.ts';

/** The events of several processes, narrated as those of one run. */
export type OneStory = {
  /** Receives a public event or a log line of a process. */
  narrate(process: number, event: RunEvent): void;
  /** Receives an event that is combined with those of other processes. */
  take(process: number, event: Taken): void;
  /** A process is started again: it tells again what it told before. */
  restart(process: number): void;
  /** A process has ended, and tells nothing more. */
  end(process: number): void;
};

type StoryOptions = { readonly processes: number; readonly clock: Clock; readonly narrate: Narrator };

type Member = {
  /** How often this process said the same. */
  readonly said: Map<string, number>;
  readonly progress: Map<Place, ProgressEvent>;
  readonly numbers: Map<string, { readonly done: number; readonly of: number }>;
};

/** Two ends of a pause of one registry that are this close, in milliseconds, are one pause. */
const ONE_PAUSE = 1000;

/**
 * Narrates events that all processes have in common once, adds counts and progress, and passes the others on as they
 * come.
 */
export function oneStory({ processes, clock, narrate }: StoryOptions): OneStory {
  const fresh = (): Member => ({ said: new Map(), progress: new Map(), numbers: new Map() });
  const members = Array.from({ length: processes }, fresh);
  const counting = countsOf(members, narrate);
  const onStart = (): void => {
    const place = phases.current();
    const progress = place === undefined ? undefined : progressOf(members, place);
    if (progress !== undefined) narrate(progress);
  };
  const phases = onePipeline({ processes, clock, narrate, onEnd: counting.flush, onStart });
  const isNew = newnessOf(members);
  return {
    narrate: (process, event) => {
      if (event.type === 'progress') {
        const place = phases.placeOf(process);
        members[process]?.progress.set(place, event);
        if (place === phases.current()) onStart();
      } else if (event.type === 'phase-ended' || event.type === 'run-ended') phases.observe(process, event);
      else if (isNew(process, event)) narrate(event);
    },
    take: (process, event) => {
      if (isNumbered(event)) counting.number(process, event);
      else if (isCounted(event)) counting.add(process, event, phases);
      else phases.observe(process, event);
    },
    restart: (process) => {
      members[process] = fresh();
      phases.restart(process);
    },
    end: phases.end,
  };
}

/**
 * Returns a function that tells whether an event is news: no other process has said the same as often. Each request is,
 * and a pause of a registry is unless it is known to end then.
 */
function newnessOf(members: readonly Member[]): (process: number, event: RunEvent) => boolean {
  const told = new Map<string, number>();
  const pauses = new Map<string, number>();
  return (process, event) => {
    if (event.type === 'request' || event.type === 'bytes') return true;
    if (event.type === 'registry-paused') {
      const end = Date.parse(event.until);
      if (end - (pauses.get(event.registry) ?? Number.NEGATIVE_INFINITY) < ONE_PAUSE) return false;
      pauses.set(event.registry, end);
      return true;
    }
    const said = members[process]?.said;
    const text = JSON.stringify(event);
    const times = (said?.get(text) ?? 0) + 1;
    said?.set(text, times);
    if (times <= (told.get(text) ?? 0)) return false;
    told.set(text, times);
    return true;
  };
}

type Counting = {
  number(process: number, event: Numbered): void;
  add(process: number, event: Counted, phases: Phases): void;
  /** Narrates what some processes have not counted until the end of the phase. */
  flush(place: Place): void;
};

function countsOf(members: readonly Member[], narrate: Narrator): Counting {
  const counts = new Map<Place, Map<Counted['type'], Map<number, Counted>>>();
  const told = new Set<string>();
  const tell = (event: PhaseEvent): void => {
    for (const one of rendered(event)) narrate(one);
  };
  const tellSum = (place: Place, events: ReadonlyMap<number, Counted>): void => {
    const [first] = events.values();
    if (first === undefined || told.has(`${place} ${first.type}`)) return;
    told.add(`${place} ${first.type}`);
    tell(sumOf(first, [...events.values()]));
  };
  return {
    number: (process, event) => {
      members[process]?.numbers.set(event.type, { done: event.done, of: event.of });
      const all = members.flatMap(({ numbers }) => numbers.get(event.type) ?? []);
      tell({ ...event, done: sum(all.map(({ done }) => done)), of: sum(all.map(({ of }) => of)) });
    },
    add: (process, event, phases) => {
      const place = phases.placeOf(process);
      const ofPlace = counts.get(place) ?? new Map<Counted['type'], Map<number, Counted>>();
      const events = (ofPlace.get(event.type) ?? new Map<number, Counted>()).set(process, event);
      counts.set(place, ofPlace.set(event.type, events));
      if (members.every((_, other) => events.has(other) || phases.hasPassed(other, place))) tellSum(place, events);
    },
    flush: (place) => {
      for (const events of counts.get(place)?.values() ?? []) tellSum(place, events);
    },
  };
}

/** Returns an event with the counts of all added. */
function sumOf(first: Counted, events: readonly Counted[]): Counted {
  const fields: readonly string[] = COUNTS[first.type];
  const of = (event: Counted, field: string): number => Number((event as Readonly<Record<string, unknown>>)[field]);
  return {
    ...first,
    ...Object.fromEntries(fields.map((field) => [field, sum(events.map((event) => of(event, field)))])),
  };
}

/** Returns the progress of all processes in a phase, as far as it is counted in the same unit. */
function progressOf(members: readonly Member[], place: Place): ProgressEvent | undefined {
  const all = members.flatMap(({ progress }) => progress.get(place) ?? []);
  const unit = all.at(-1)?.unit;
  const alike = all.filter((one) => one.unit === unit);
  const [first] = alike;
  if (first === undefined) return undefined;
  const bytes = alike.flatMap((one) => one.bytes ?? []);
  return {
    ...first,
    done: sum(alike.map(({ done }) => done)),
    total: sum(alike.map(({ total }) => total)),
    failed: sum(alike.map(({ failed }) => failed)),
    ...(bytes.length > 0 && {
      bytes: { done: sum(bytes.map(({ done }) => done)), total: sum(bytes.map(({ total }) => total)) },
    }),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
