import type { LogFields } from '../events.ts';
import { durationText } from './duration.ts';
import type { Context, Phase, PhaseName } from './phase.ts';
import type { PhaseTime } from './timeline.ts';

/** Phases in their order; `Reached` is what a run may end with: the output of any of them. */
export type Pipeline<In, Out, Reached> = {
  /** Adds a phase; one that does not accept what the last one gives does not compile. */
  pipe<Next>(phase: Phase<Out, Next>): Pipeline<In, Next, Reached | Next>;
  /**
   * Runs the phases one after another, no further than `until`, and gives the last output. `onOutput` gets each, so
   * that a run which is stopped can still tell how far it came; `onPhase` is told of each that ended, however it did.
   */
  run(
    input: In,
    context: Context,
    until: PhaseName,
    onOutput?: (output: Reached) => void,
    onPhase?: OnPhase,
  ): Promise<Reached>;
};

/** Is told when each phase ended; `start` is the clock's time. */
export type OnPhase = (time: PhaseTime) => void;

/** Starts a pipeline with its first phase. */
export function pipeline<In, Out>(first: Phase<In, Out>): Pipeline<In, Out, Out> {
  return build<In, Out, Out>([first]);
}

function build<In, Out, Reached>(phases: readonly Phase<unknown, unknown>[]): Pipeline<In, Out, Reached> {
  return {
    pipe: (phase) => build([...phases, phase as Phase<unknown, unknown>]),
    run: async (input, context, until, onOutput, onPhase) =>
      (await runPhases(phases, input, context, until, onOutput as (output: unknown) => void, onPhase)) as Reached,
  };
}

async function runPhases(
  phases: readonly Phase<unknown, unknown>[],
  input: unknown,
  context: Context,
  until: PhaseName,
  onOutput: (output: unknown) => void = () => undefined,
  onPhase: OnPhase = () => undefined,
): Promise<unknown> {
  const { clock, narrate, signal } = context;
  const say = (message: string, fields: LogFields = {}): void =>
    narrate({ type: 'log', level: 'info', message, fields });
  const start = clock.now();
  let value = input;
  say(`Pipeline starting with ${phases.length} phases`);
  for (const [index, phase] of phases.entries()) {
    signal.throwIfAborted();
    const phaseStart = clock.now();
    say(`Phase ${index + 1}/${phases.length}: ${phase.name}`, { phase: phase.name });
    narrate({ type: 'phase-started', phase: phase.name, index: index + 1, of: phases.length });
    const before = failuresOf(value);
    value = await timed(phase, value, context, onPhase);
    onOutput(value);
    const problems = failuresOf(value) - before;
    const ms = clock.now() - phaseStart;
    const isLast = phase.isLast?.(value) === true;
    say(`Phase "${phase.name}" ${endText(ms, problems, isLast)}`, { phase: phase.name, ms, problems });
    if (isLast) return value;
    if (phase.name === until && index < phases.length - 1) {
      say(`Phase "${phase.name}" requested pipeline stop`);
      break;
    }
  }
  const [ms, problems] = [clock.now() - start, failuresOf(value)];
  say(`Pipeline ${endText(ms, problems)}`, { ms, problems });
  return value;
}

/** How many failures an output holds; phases hand on those of the phases before. */
function failuresOf(output: unknown): number {
  const { failures } = { failures: [], ...(typeof output === 'object' ? output : undefined) };
  return Array.isArray(failures) ? failures.length : 0;
}

/** Upstream's words, with what they leave out: a phase that ends the run by its problems did not complete. */
function endText(ms: number, problems: number, isLast = false): string {
  const found = `${problems} ${problems === 1 ? 'problem' : 'problems'}`;
  if (isLast && problems > 0) return `ended the run after ${durationText(ms)} with ${found}`;
  return `completed in ${durationText(ms)}${problems > 0 ? ` with ${found}` : ''}`;
}

async function timed(
  phase: Phase<unknown, unknown>,
  input: unknown,
  context: Context,
  onPhase: OnPhase,
): Promise<unknown> {
  const { clock, narrate } = context;
  const start = clock.now();
  let ended: PhaseTime['ended'] = 'broken';
  try {
    const output = await phase.run(input, context);
    ended = 'done';
    return output;
  } finally {
    const ms = clock.now() - start;
    onPhase({ name: phase.name, start, ms, ended });
    narrate({ type: 'phase-ended', phase: phase.name, ms, ended });
  }
}
