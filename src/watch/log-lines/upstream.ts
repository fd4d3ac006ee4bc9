import { durationText } from '../../pipeline/duration.ts';

/** Lines in upstream's exact words, which scripts search for. The fatal line is in `src/cli/output/log.ts`. */
export const UPSTREAM = {
  pipelineStarted: (phases: number) => `Pipeline starting with ${phases} phases`,
  phaseStarted: (index: number, of: number, phase: string) => `Phase ${index}/${of}: ${phase}`,
  phaseCompleted: (phase: string, ms: number) => `Phase "${phase}" completed in ${durationText(ms)}`,
  pipelineStopped: (phase: string) => `Phase "${phase}" requested pipeline stop`,
  pipelineCompleted: (ms: number) => `Pipeline completed in ${durationText(ms)}`,
  nothingToPromote: 'Nothing to promote.',
  promoting: (images: number, threads: number) => `Promoting ${images} images using ${threads} threads`,
  copied: (ref: string, done: number, of: number, ms: number) => `Copied ${ref} (${done}/${of}) in ${durationText(ms)}`,
} as const;
