import type { RunEvent } from '../events.ts';
import type { Target } from '../image/target.ts';
import type { PlannedImage } from '../plan/desired/assemble.ts';
import type { WantedImage } from '../plan/desired/desired.ts';
import type { Attempt } from './outcome.ts';

/**
 * The events that phases emit, by type. They are internal: `src/watch/log-lines/` turns each into log lines and, for some,
 * into public events of `--events` (`StoryEvent`).
 */
export type PhaseEvents = {
  'pipeline-started': { phases: number };
  'phase-started': { phase: string; index: number; of: number };
  /** `endsRun`: its problems leave nothing to do for the phases that follow. */
  'phase-completed': { phase: string; ms: number; problems: number; endsRun: boolean };
  'pipeline-stopped': { phase: string };
  'pipeline-completed': { ms: number; problems: number };
  'promotion-started': { images: number; threads: number };
  'copy-started': PlannedImage;
  /** `done` of `of` images of the phase are copied. */
  'image-copied': { wanted: WantedImage; results: readonly CopiedTarget[]; done: number; of: number };
};

/** A target after its copy. Times in milliseconds. */
type CopiedTarget = Target & Attempt & { readonly bytes: number; readonly ms: number };

export type PhaseEvent = {
  [Type in keyof PhaseEvents]: Readonly<PhaseEvents[Type]> & { readonly type: Type };
}[keyof PhaseEvents];

/** Receives the events of phases, and public ones that need no log line, as they happen; never throws and never waits. */
export type Emit = (event: PhaseEvent | RunEvent) => void;
