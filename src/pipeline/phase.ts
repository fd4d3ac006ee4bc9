import type { Clock } from '../clock.ts';
import type { Failure } from '../errors.ts';
import type { Emit } from './phase-events.ts';

/** The services of every phase. */
export type Context = { readonly signal: AbortSignal; readonly clock: Clock; readonly emit: Emit };

/** The failures that every phase returns with its own output. */
export type Output = { readonly failures: readonly Failure[] };

/** A function from outputs of phases before it to its own; the types prove that none is left out. */
export type Phase<Needs, Key extends string, Out extends Output> = {
  readonly name: PhaseName;
  /** The name that its output has for the phases that follow. */
  readonly gives: Key;
  readonly run: (outputs: Needs, context: Context) => Promise<Out>;
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
  | 'view'
  | 'audit';
