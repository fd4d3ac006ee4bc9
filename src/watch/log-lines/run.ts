import { durationText } from '../../pipeline/duration.ts';
import { counted, info } from './line.ts';
import type { Renderers } from './renderers.ts';
import { UPSTREAM } from './upstream.ts';

/** The phases of a run, and its dry end. */
export const RUN = {
  'pipeline-started': ({ phases }) => [info(UPSTREAM.pipelineStarted(phases), {})],
  'phase-started': (event) => [
    info(UPSTREAM.phaseStarted(event.index, event.of, event.phase), { phase: event.phase }),
    event,
  ],
  'phase-completed': ({ phase, ms, problems, endsRun }) => {
    // upstream's words would claim that a phase completed which ends the run by its problems
    const ended = `Phase "${phase}" ended the run after ${durationText(ms)} with ${counted(problems, 'problem')}`;
    const completed = `${UPSTREAM.phaseCompleted(phase, ms)}${withProblems(problems)}`;
    return [
      { type: 'phase-ended', phase, ms, ended: 'done' },
      info(endsRun && problems > 0 ? ended : completed, { phase, ms, problems }),
    ];
  },
  'pipeline-stopped': ({ phase }) => [info(UPSTREAM.pipelineStopped(phase), {})],
  'pipeline-completed': ({ ms, problems }) => [
    info(`${UPSTREAM.pipelineCompleted(ms)}${withProblems(problems)}`, { ms, problems }),
  ],
  'dry-run-completed': ({ of }) => [info(of === 'promotion' ? UPSTREAM.promotionDryRun : UPSTREAM.replicationDryRun)],
} satisfies Partial<Renderers>;

function withProblems(problems: number): string {
  return problems === 0 ? '' : ` with ${counted(problems, 'problem')}`;
}
