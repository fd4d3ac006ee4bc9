import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';

/** What every phase may use besides its own services. */
export type Context = { readonly signal: AbortSignal; readonly clock: Clock; readonly narrate: Narrator };

/** A function from the previous phase's output to its own; the types prove that none is left out. */
export type Phase<In, Out> = {
  readonly name: PhaseName;
  run(input: In, context: Context): Promise<Out>;
  /** True if the output leaves nothing to do for the phases that follow. */
  isLast?(output: Out): boolean;
};

export type PhaseName =
  | 'setup'
  | 'plan'
  | 'provenance'
  | 'validate'
  | 'promote'
  | 'sign'
  | 'attest'
  | 'tag'
  | 'replicate'
  | 'check'
  | 'repair'
  | 'view';
