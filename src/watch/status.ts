import type { Clock } from '../clock.ts';
import type { LogEvent, Narrator, ProgressEvent, RunEvent } from '../events.ts';
import { clip } from './clip.ts';
import { flowOf, type Flow, type Readings, type RegistryFlow } from './flow.ts';

/** The status of a run at a moment. Times in milliseconds. */
export type RunStatus = {
  /** Since the run began. */
  readonly elapsed: number;
  readonly phase?: { readonly name: string; readonly index: number; readonly of: number } | undefined;
  readonly progress?: Pick<ProgressEvent, 'unit' | 'done' | 'total' | 'failed' | 'bytes'> | undefined;
  /** True once the run is being stopped: later events are not progress. */
  readonly isStopping: boolean;
  /** The estimated time until the phase ends. */
  readonly left?: number | undefined;
  readonly bytes: number;
  readonly bytesPerSecond: number;
  readonly failures: number;
  /** The registries in use, sorted by name so that lines keep their places. */
  readonly registries: readonly RegistryFlow[];
  /** The last warnings, the oldest first. */
  readonly warnings: readonly string[];
};

/** Follows a run by its events, in bounded memory. */
type StatusTracker = { readonly narrate: Narrator; status(): RunStatus };

/** As many as are shown. */
const WARNINGS = 2;
/** An estimate needs this much: the time of a first image says nothing about the others. */
const ENOUGH_TO_ESTIMATE = { done: 3, share: 0.02, ms: 2000 };

type State = {
  phase?: NonNullable<RunStatus['phase']>;
  progress?: ProgressEvent;
  countedFrom: number;
  bytes: number;
  /** All bytes when the counting of the phase began. */
  bytesBefore: number;
  isStopping: boolean;
  failures: number;
  warnings: readonly { readonly alike: string; readonly text: string }[];
};

/** Starts following a run; `readings` returns the learned rates of registries. */
export function trackStatus(clock: Clock, readings: Readings): StatusTracker {
  const start = clock.now();
  const flow = flowOf(clock, readings);
  const state: State = { countedFrom: start, bytes: 0, bytesBefore: 0, isStopping: false, failures: 0, warnings: [] };
  return {
    narrate: (event) => {
      flow.narrate(event);
      follow(state, event, clock.now());
    },
    status: () => statusOf(state, flow, { start, now: clock.now() }),
  };
}

function follow(state: State, event: RunEvent, now: number): void {
  switch (event.type) {
    case 'phase-started':
      state.phase = { name: event.phase, index: event.index, of: event.of };
      delete state.progress;
      break;
    case 'progress':
      // work that a stopped run gives up is not done
      if (state.isStopping) break;
      if (event.done === 0) Object.assign(state, { countedFrom: now, bytesBefore: state.bytes });
      state.progress = event;
      break;
    case 'stopping':
      state.isStopping = true;
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

/** Of warnings that say the same, the last one is shown. */
function warn(state: State, { level, message, alike = message }: LogEvent): void {
  if (level !== 'warning' && level !== 'error') return;
  const others = state.warnings.filter((warning) => warning.alike !== alike);
  state.warnings = [...others, { alike, text: clip(message) }].slice(-WARNINGS);
}

function statusOf(
  { phase, progress: told, countedFrom, bytes, bytesBefore, isStopping, failures, warnings }: State,
  flow: Flow,
  { start, now }: { readonly start: number; readonly now: number },
): RunStatus {
  const progress = told && withBytes(told, bytes - bytesBefore);
  const left = progress && !isStopping ? leftOf(progress, now - countedFrom) : undefined;
  return {
    elapsed: now - start,
    phase,
    progress: progress !== undefined && progress.total > 0 ? progress : undefined,
    left,
    isStopping,
    bytes,
    bytesPerSecond: flow.bytesPerSecond(),
    failures,
    registries: flow.registries(),
    warnings: warnings.map(({ text }) => text),
  };
}

/** Adds bytes of images that are not done yet. */
function withBytes(progress: ProgressEvent, moved: number): ProgressEvent {
  const { bytes } = progress;
  if (bytes === undefined) return progress;
  return { ...progress, bytes: { ...bytes, done: Math.min(bytes.total, Math.max(bytes.done, moved)) } };
}

/** Returns the share that is done: of the bytes if they are known, else of the items. */
export function shareOf({ done, total, bytes }: NonNullable<RunStatus['progress']>): number {
  return bytes === undefined ? done / Math.max(1, total) : bytes.done / bytes.total;
}

/** Returns the time for the rest at the average speed so far. */
function leftOf(progress: ProgressEvent, ms: number): number | undefined {
  const { done, total, bytes } = progress;
  const share = shareOf(progress);
  const isTold = bytes === undefined ? done >= ENOUGH_TO_ESTIMATE.done : share >= ENOUGH_TO_ESTIMATE.share;
  if (!isTold || ms < ENOUGH_TO_ESTIMATE.ms || done === total || share === 0) return undefined;
  return ((1 - share) * ms) / share;
}
