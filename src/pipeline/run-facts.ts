import type { Context } from './phase.ts';
import type { OnPhase } from './pipeline.ts';
import type { RunFacts } from './run-report.ts';
import type { PhaseTime } from './timeline.ts';

/** Does the work of a run and tells how it went and when its phases ran; a run that is stopped early is a fact, too, and no error. */
export async function factsOf(
  run: Pick<RunFacts, 'version' | 'mode'>,
  { clock, signal }: Context,
  work: (onPhase: OnPhase) => Promise<void>,
): Promise<RunFacts> {
  const start = clock.now();
  const phases: PhaseTime[] = [];
  let aborted: string | undefined;
  try {
    await work((phase) => phases.push({ ...phase, start: phase.start - start }));
  } catch (error) {
    if (!signal.aborted) throw error;
    aborted = error instanceof Error ? error.message : String(error);
  }
  if (signal.aborted) aborted ??= (signal.reason as Error).message;
  return {
    version: run.version,
    mode: run.mode,
    started: new Date(start).toISOString(),
    ms: clock.now() - start,
    phases,
    ...(aborted !== undefined && { aborted }),
  };
}
