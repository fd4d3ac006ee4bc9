import type { Clock } from '../clock.ts';
import type { LogEvent, Narrator, ProgressEvent, RunEvent } from '../events.ts';
import { clip } from './clip.ts';
import { flowOf, type Flow, type Readings, type RegistryFlow } from './flow.ts';

/** How a run stands at a moment, for those who watch it. Times in milliseconds. */
export type Standing = {
  /** Since the run began. */
  readonly elapsed: number;
  readonly phase?: { readonly name: string; readonly index: number; readonly of: number };
  readonly progress?: Pick<ProgressEvent, 'unit' | 'done' | 'total' | 'failed'>;
  /** Until the phase is done, as far as that can be told. */
  readonly left?: number;
  readonly bytes: number;
  readonly bytesPerSecond: number;
  readonly failures: number;
  /** The busiest first. */
  readonly registries: readonly RegistryFlow[];
  /** The last ones, the oldest first. */
  readonly warnings: readonly string[];
};

/** Follows a run by its events, in bounded memory. */
export type StandingTracker = { readonly narrate: Narrator; standing(): Standing };

/** As many as are shown. */
const WARNINGS = 2;
/** Longer is no estimate any more: what a first image took says nothing of the others. */
const ENOUGH_TO_TELL = { done: 3, ms: 2000 };

type State = {
  phase?: NonNullable<Standing['phase']>;
  progress?: ProgressEvent;
  countedFrom: number;
  bytes: number;
  failures: number;
  warnings: readonly string[];
};

/** Starts following a run now; `readings` tells what registries allow. */
export function trackStanding(clock: Clock, readings: Readings): StandingTracker {
  const start = clock.now();
  const flow = flowOf(clock, readings);
  const state: State = { countedFrom: start, bytes: 0, failures: 0, warnings: [] };
  return {
    narrate: (event) => {
      flow.narrate(event);
      follow(state, event, clock.now());
    },
    standing: () => standingOf(state, flow, { start, now: clock.now() }),
  };
}

function follow(state: State, event: RunEvent, now: number): void {
  switch (event.type) {
    case 'phase-started':
      state.phase = { name: event.phase, index: event.index, of: event.of };
      delete state.progress;
      break;
    case 'progress':
      if (event.done === 0) state.countedFrom = now;
      state.progress = event;
      break;
    case 'bytes':
      state.bytes += event.bytes;
      break;
    case 'failed':
      state.failures += 1;
      break;
    case 'log':
      warn(state, event);
      break;
    default:
  }
}

function warn(state: State, { level, message }: LogEvent): void {
  if (level === 'warning' || level === 'error') state.warnings = [...state.warnings, clip(message)].slice(-WARNINGS);
}

function standingOf(
  { phase, progress, countedFrom, bytes, failures, warnings }: State,
  flow: Flow,
  { start, now }: { readonly start: number; readonly now: number },
): Standing {
  const left = progress && leftOf(progress, now - countedFrom);
  return {
    elapsed: now - start,
    ...(phase !== undefined && { phase }),
    ...(progress !== undefined && progress.total > 0 && { progress }),
    ...(left !== undefined && { left }),
    bytes,
    bytesPerSecond: flow.bytesPerSecond(),
    failures,
    registries: flow.registries(),
    warnings,
  };
}

/** As long as the rest takes at the pace so far. */
function leftOf({ done, total }: ProgressEvent, ms: number): number | undefined {
  if (done < ENOUGH_TO_TELL.done || ms < ENOUGH_TO_TELL.ms || done === total) return undefined;
  return ((total - done) * ms) / done;
}
