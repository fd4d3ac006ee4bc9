import type { Failure } from '../errors.ts';
import type { Context, Output, Phase, PhaseName } from './phase.ts';
import type { PhaseTime } from './timeline.ts';

/** Phases in order, with the outputs of all of them by name. */
export type Pipeline<Outputs> = {
  /** Adds a phase. It does not compile if it needs an output that no phase before gives. */
  pipe<Key extends string, Out extends Output>(
    phase: Phase<Outputs, Key, Out>,
  ): Pipeline<Outputs & { readonly [K in Key]: Out }>;
  /**
   * Runs the phases in order, up to `until`, and returns the outputs of those that ran. `onOutput` receives
   * them after each phase, so that a stopped run has a report. `onPhase` receives each phase that ended,
   * also by an error.
   */
  run(
    context: Context,
    until: PhaseName,
    onOutput?: (outputs: Partial<Outputs>) => void,
    onPhase?: OnPhase,
  ): Promise<Partial<Outputs>>;
};

/** Receives the times of each phase that ended; `start` is the clock's time. */
export type OnPhase = (time: PhaseTime) => void;

type AnyPhase = Phase<never, string, Output>;
type AnyOutputs = Readonly<Record<string, Output | undefined>>;

/** Starts a pipeline with its first phase. */
export function pipeline<Key extends string, Out extends Output>(
  first: Phase<object, Key, Out>,
): Pipeline<{ readonly [K in Key]: Out }> {
  return build([first]);
}

function build<Outputs>(phases: readonly AnyPhase[]): Pipeline<Outputs> {
  return {
    pipe: (phase) => build([...phases, phase]),
    run: async (context, until, onOutput, onPhase) =>
      (await runPhases(phases, context, until, onOutput as (outputs: AnyOutputs) => void, onPhase)) as Partial<Outputs>,
  };
}

/** Returns all failures, in the order of the phases. */
export function failuresOf(outputs: AnyOutputs): readonly Failure[] {
  return Object.values(outputs).flatMap((output) => output?.failures ?? []);
}

async function runPhases(
  phases: readonly AnyPhase[],
  context: Context,
  until: PhaseName,
  onOutput: (outputs: AnyOutputs) => void = () => undefined,
  onPhase: OnPhase = () => undefined,
): Promise<AnyOutputs> {
  const { clock, emit, signal } = context;
  const start = clock.now();
  let outputs: AnyOutputs = {};
  emit({ type: 'pipeline-started', phases: phases.length });
  for (const [index, phase] of phases.entries()) {
    signal.throwIfAborted();
    emit({ type: 'phase-started', phase: phase.name, index: index + 1, of: phases.length });
    const output = await runPhase(phase, outputs, context, onPhase);
    outputs = { ...outputs, [phase.gives]: output };
    onOutput(outputs);
    if (phase.isLast?.(output) === true) return outputs;
    if (phase.name === until && index < phases.length - 1) {
      emit({ type: 'pipeline-stopped', phase: phase.name });
      break;
    }
  }
  emit({ type: 'pipeline-completed', ms: clock.now() - start, problems: failuresOf(outputs).length });
  return outputs;
}

async function runPhase(phase: AnyPhase, outputs: AnyOutputs, context: Context, onPhase: OnPhase): Promise<Output> {
  const { clock, emit } = context;
  const { name } = phase;
  const start = clock.now();
  const end = (ended: PhaseTime['ended']): number => {
    const ms = clock.now() - start;
    onPhase({ name, start, ms, ended });
    return ms;
  };
  try {
    const output = await phase.run(outputs as never, context);
    const endsRun = phase.isLast?.(output) === true;
    emit({ type: 'phase-completed', phase: name, ms: end('done'), problems: output.failures.length, endsRun });
    return output;
  } catch (error) {
    emit({ type: 'phase-ended', phase: name, ms: end('broken'), ended: 'broken' });
    throw error;
  }
}
