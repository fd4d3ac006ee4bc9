import type { Failure } from '../errors.ts';
import type { LogFields } from '../events.ts';
import { durationText } from './duration.ts';
import type { Context, Output, Phase, PhaseName } from './phase.ts';
import type { PhaseTime } from './timeline.ts';

/** Phases in their order, with the outputs of all of them by their names. */
export type Pipeline<Outputs> = {
  /** Adds a phase; one that needs what no phase before gives does not compile. */
  pipe<Key extends string, Out extends Output>(
    phase: Phase<Outputs, Key, Out>,
  ): Pipeline<Outputs & { readonly [K in Key]: Out }>;
  /**
   * Runs the phases one after another, no further than `until`, and gives the outputs of those that ran. `onOutput` gets
   * them after each, so that a run which is stopped can still tell how far it came; `onPhase` is told of each that ended,
   * however it did.
   */
  run(
    context: Context,
    until: PhaseName,
    onOutput?: (outputs: Partial<Outputs>) => void,
    onPhase?: OnPhase,
  ): Promise<Partial<Outputs>>;
};

/** Is told when each phase ended; `start` is the clock's time. */
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

/** All failures that phases met, in the order of the phases. */
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
  const { clock, narrate, signal } = context;
  const say = (message: string, fields: LogFields = {}): void =>
    narrate({ type: 'log', level: 'info', message, fields });
  const start = clock.now();
  let outputs: AnyOutputs = {};
  say(`Pipeline starting with ${phases.length} phases`);
  for (const [index, phase] of phases.entries()) {
    signal.throwIfAborted();
    const phaseStart = clock.now();
    say(`Phase ${index + 1}/${phases.length}: ${phase.name}`, { phase: phase.name });
    narrate({ type: 'phase-started', phase: phase.name, index: index + 1, of: phases.length });
    const output = await timed(phase, outputs, context, onPhase);
    outputs = { ...outputs, [phase.gives]: output };
    onOutput(outputs);
    const problems = output.failures.length;
    const ms = clock.now() - phaseStart;
    const isLast = phase.isLast?.(output) === true;
    say(`Phase "${phase.name}" ${endText(ms, problems, isLast)}`, { phase: phase.name, ms, problems });
    if (isLast) return outputs;
    if (phase.name === until && index < phases.length - 1) {
      say(`Phase "${phase.name}" requested pipeline stop`);
      break;
    }
  }
  const [ms, problems] = [clock.now() - start, failuresOf(outputs).length];
  say(`Pipeline ${endText(ms, problems)}`, { ms, problems });
  return outputs;
}

/** Upstream's words, with what they leave out: a phase that ends the run by its problems did not complete. */
function endText(ms: number, problems: number, isLast = false): string {
  const found = `${problems} ${problems === 1 ? 'problem' : 'problems'}`;
  if (isLast && problems > 0) return `ended the run after ${durationText(ms)} with ${found}`;
  return `completed in ${durationText(ms)}${problems > 0 ? ` with ${found}` : ''}`;
}

async function timed(phase: AnyPhase, outputs: AnyOutputs, context: Context, onPhase: OnPhase): Promise<Output> {
  const { clock, narrate } = context;
  const start = clock.now();
  let ended: PhaseTime['ended'] = 'broken';
  try {
    const output = await phase.run(outputs as never, context);
    ended = 'done';
    return output;
  } finally {
    const ms = clock.now() - start;
    onPhase({ name: phase.name, start, ms, ended });
    narrate({ type: 'phase-ended', phase: phase.name, ms, ended });
  }
}
