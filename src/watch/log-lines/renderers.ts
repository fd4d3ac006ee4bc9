import type { RunEvent } from '../../events.ts';
import type { PhaseEvent, PhaseEvents } from '../../pipeline/phase-events.ts';

/** For each event of a phase, the log lines and public events that tell of it, in their order. */
export type Renderers = {
  readonly [Type in keyof PhaseEvents]: (event: PhaseEvent & { readonly type: Type }) => Iterable<RunEvent>;
};
