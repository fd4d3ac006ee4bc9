import type { PhaseEvent, PhaseEvents } from '../../pipeline/phase-events.ts';

/** Events of the run as a whole, which appear once. */
const OF_RUN = [
  'pipeline-started',
  'phase-started',
  'phase-completed',
  'pipeline-stopped',
  'pipeline-completed',
  'dry-run-completed',
] as const satisfies readonly (keyof PhaseEvents)[];

/** Events with counts, and the counts that are added. */
export const COUNTS = {
  'destinations-listed': ['repositories'],
  'promotions-planned': ['images'],
  'promotion-started': ['images', 'threads'],
  'candidates-left': ['older', 'undated'],
  'candidates-skipped': ['count'],
  'candidates-listed': ['count'],
  'primaries-listed': ['repositories'],
  'mirrors-listed': ['repositories'],
  'copies-planned': ['copies'],
  'checks-planned': ['checked', 'beyond', 'undated', 'absent', 'outside'],
  'images-absent': ['count'],
} as const satisfies { readonly [Type in keyof PhaseEvents]?: readonly (keyof PhaseEvents[Type])[] };

/** Events that number one image or repository as `done` of `of`. */
const NUMBERED = ['repository-read', 'image-copied', 'image-checked'] as const satisfies readonly (keyof PhaseEvents)[];

export type RunWide = PhaseEvent & { readonly type: (typeof OF_RUN)[number] };
export type Counted = PhaseEvent & { readonly type: keyof typeof COUNTS };
export type Numbered = PhaseEvent & { readonly type: (typeof NUMBERED)[number] };

/** An event that the main process combines with those of other processes. Only data that JSON can hold. */
export type Taken = RunWide | Counted | Numbered;

export const isRunWide = (event: PhaseEvent): event is RunWide => OF_RUN.some((type) => type === event.type);
export const isCounted = (event: PhaseEvent): event is Counted => Object.hasOwn(COUNTS, event.type);
export const isNumbered = (event: PhaseEvent): event is Numbered => NUMBERED.some((type) => type === event.type);

/** Returns the event, as far as its log lines need it, if the main process combines it; undefined otherwise. */
export function takenOf(event: PhaseEvent): Taken | undefined {
  if (event.type === 'image-copied') {
    const { name, source, digest, tags, at, tagPositions } = event.wanted;
    return { ...event, wanted: { name, source, digest, tags, at, tagPositions } };
  }
  return isRunWide(event) || isCounted(event) || isNumbered(event) ? event : undefined;
}
