import type { Clock } from '../../clock.ts';
import type { Narrator, RunEvent } from '../../events.ts';
import { largest, smallest } from '../../lists.ts';
import type { PhaseEvent } from '../../pipeline/phase-events.ts';
import { rendered } from '../log-lines/render.ts';
import type { RunWide } from './taken.ts';

/** Identifies a phase of a run by its order; a process may make two runs, a promotion and a replication. */
export type Place = number;

/** More than any run has. */
const PHASES = 100;
/** The place after the last phase of a run. */
const END = PHASES - 1;

/** The phases of several processes as those of one run. */
export type Phases = {
  /** Receives an event of a process, and what it makes of the run is narrated. */
  observe(process: number, event: RunWide | RunEnd): void;
  /** Returns the phase that a process is in. */
  placeOf(process: number): Place;
  /** Returns true if the process has nothing more to tell about this phase. */
  hasPassed(process: number, place: Place): boolean;
  /** Returns the phase that the run is in: the earliest one of any process. */
  current(): Place | undefined;
  /** A process starts from the beginning. */
  restart(process: number): void;
  /** A process has ended. */
  end(process: number): void;
};

/** Public events about the end of a phase or run, of one process. */
type RunEnd = RunEvent & { readonly type: 'phase-ended' | 'run-ended' };

type PhasesOptions = {
  readonly processes: number;
  readonly clock: Clock;
  readonly narrate: Narrator;
  /** Called before the end of a phase is narrated, and after its start. */
  readonly onEnd: (place: Place) => void;
  readonly onStart: () => void;
};

type Member = { run: number; place: Place; passed: Place };
type Completed = RunWide & { readonly type: 'phase-completed' };
type Stage = {
  readonly at: number;
  readonly started: RunEvent & { readonly type: 'phase-started' };
  readonly ends: Map<number, Completed | (RunEvent & { readonly type: 'phase-ended' })>;
};
type Run = {
  readonly at: number;
  readonly last: Map<string, RunWide>;
  readonly ends: (RunEvent & { readonly type: 'run-ended' })[];
  problems: number;
  isClosed: boolean;
};

/** The phases and runs that any process has begun. */
type Begun = { readonly stages: Map<Place, Stage>; readonly runs: Map<number, Run> };

/**
 * Narrates the phases of several processes as one: the line of a phase when the first process starts it, its end and the
 * next phase when the last process has ended it.
 */
export function onePipeline(options: PhasesOptions): Phases {
  const fresh = (): Member => ({ run: 0, place: 0, passed: 0 });
  const members = Array.from({ length: options.processes }, fresh);
  const memberAt = (process: number): Member => members[process] ?? fresh();
  const begun: Begun = { stages: new Map(), runs: new Map() };
  const allPassed = (place: Place): boolean => members.every(({ passed }) => passed >= place);
  const { advance, current } = advancing(begun, allPassed, options);
  return {
    observe: (process, event) => {
      note(begun, memberAt(process), { event, process }, options);
      advance();
    },
    placeOf: (process) => memberAt(process).place,
    hasPassed: (process, place) => memberAt(process).passed >= place,
    current,
    restart: (process) => void (members[process] = fresh()),
    end: (process) => {
      memberAt(process).passed = Number.POSITIVE_INFINITY;
      advance();
    },
  };
}

/** Moves the run on to the earliest phase in which a process is. */
function advancing(
  begun: Begun,
  allPassed: (place: Place) => boolean,
  { clock, narrate, onStart, onEnd }: PhasesOptions,
): { advance(): void; current(): Place | undefined } {
  let [shown, closed]: [Place | undefined, Place] = [undefined, 0];
  const start = (place: Place): void => {
    shown = place;
    const started = begun.stages.get(place)?.started;
    if (started !== undefined) narrate(started);
    onStart();
  };
  const advance = (): void => {
    for (;;) {
      if (shown !== undefined) {
        if (!allPassed(shown)) return;
        onEnd(shown);
        closeStage(begun, shown, { clock, narrate });
        [closed, shown] = [shown, undefined];
      }
      const next = smallest([...begun.stages.keys()].filter((place) => place > closed));
      const number = Math.floor(closed / PHASES);
      const run = begun.runs.get(number);
      if (run !== undefined && !run.isClosed && Math.floor(next / PHASES) !== number) {
        if (!allPassed(number * PHASES + END)) return;
        closeRun(run, { clock, narrate });
      }
      if (!Number.isFinite(next)) return;
      start(next);
    }
  };
  return { advance, current: () => shown };
}

type Telling = Pick<PhasesOptions, 'clock' | 'narrate'>;

function tell(event: PhaseEvent, narrate: Narrator): void {
  for (const one of rendered(event)) narrate(one);
}

function closeStage({ stages, runs }: Begun, place: Place, { clock, narrate }: Telling): void {
  const stage = stages.get(place);
  const end = stage && endOf(stage, clock.now());
  if (end?.type === 'phase-completed') {
    const run = runs.get(Math.floor(place / PHASES));
    if (run !== undefined) run.problems += end.problems;
    tell(end, narrate);
  } else if (end !== undefined) narrate(end);
}

function closeRun(run: Run, { clock, narrate }: Telling): void {
  run.isClosed = true;
  const ms = clock.now() - run.at;
  for (const type of ['pipeline-stopped', 'pipeline-completed', 'dry-run-completed']) {
    const event = run.last.get(type);
    if (event?.type === 'pipeline-completed') tell({ ...event, ms, problems: run.problems }, narrate);
    else if (event !== undefined) tell(event, narrate);
  }
  const [first] = run.ends;
  const aborted = run.ends.find((end) => end.aborted !== undefined)?.aborted;
  if (first !== undefined) narrate({ ...first, ms, aborted });
}

type Noted = { readonly event: RunWide | RunEnd; readonly process: number };

/** Notes where a process is, and narrates the lines of a run or phase that no process has begun before. */
function note({ stages, runs }: Begun, member: Member, { event, process }: Noted, { clock, narrate }: Telling): void {
  if (event.type === 'pipeline-started') {
    member.run += 1;
    member.place = member.run * PHASES;
    if (runs.has(member.run)) return;
    runs.set(member.run, { at: clock.now(), last: new Map(), ends: [], problems: 0, isClosed: false });
    tell(event, narrate);
  } else if (event.type === 'phase-started') {
    member.place = member.run * PHASES + event.index;
    if (stages.has(member.place)) return;
    stages.set(member.place, { at: clock.now(), started: event, ends: new Map() });
    for (const one of rendered(event)) if (one.type === 'log') narrate(one);
  } else if (event.type === 'phase-completed' || event.type === 'phase-ended') {
    member.passed = member.place;
    stages.get(member.place)?.ends.set(process, event);
  } else if (event.type === 'run-ended') {
    member.passed = Math.max(1, member.run) * PHASES + END;
    runs.get(member.run)?.ends.push(event);
  } else runs.get(member.run)?.last.set(event.type, event);
}

/** Returns the end of a phase for all processes; undefined if none has told its end. */
function endOf(
  { at, ends, started }: Stage,
  now: number,
): Completed | (RunEvent & { type: 'phase-ended' }) | undefined {
  const all = [...ends.values()];
  const ms = now - at;
  const broken = all.find((end) => end.type === 'phase-ended');
  if (broken !== undefined) return { ...broken, ms };
  const completed = all.filter((end) => end.type === 'phase-completed');
  const [first] = completed;
  if (first === undefined) return undefined;
  const problems = completed.map((end) => end.problems);
  return {
    ...first,
    ms,
    // Every process loads the whole tree, and has its problems.
    problems: started.index === 1 ? largest(problems) : problems.reduce((sum, one) => sum + one, 0),
    endsRun: completed.every(({ endsRun }) => endsRun),
  };
}
