import type { Context } from './phase.ts';
import type { RunFacts } from './run-report.ts';

/** Does the work of a run and tells how it went; a run that is stopped early is a fact, too, and no error. */
export async function factsOf(
  run: Pick<RunFacts, 'version' | 'mode'>,
  { clock, signal }: Context,
  work: () => Promise<void>,
): Promise<RunFacts> {
  const start = clock.now();
  let aborted: string | undefined;
  try {
    await work();
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
    ...(aborted !== undefined && { aborted }),
  };
}
