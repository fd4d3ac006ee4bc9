import type { Shard } from '../sharding/shard.ts';
import type { Context } from './phase.ts';
import type { OnPhase } from './pipeline.ts';
import type { PhaseTime } from './timeline.ts';

/** How a run went. */
export type RunFacts = {
  readonly version: string;
  readonly mode: 'parse' | 'dry-run' | 'promote' | 'replicate' | 'check' | 'repair' | 'audit';
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly ms: number;
  /** The phases that started, in order. */
  readonly phases?: readonly PhaseTime[];
  /** The signal or reason that ended the run early. */
  readonly aborted?: string | undefined;
  /** Tags are written after signatures. */
  readonly tagsLast?: true | undefined;
  /** The share of the tree that was processed; undefined: all of it. */
  readonly shard?: Shard | undefined;
};

/** Does the work of a run, and returns how it went and when its phases ran. A stopped run is not an error. */
export async function factsOf(
  run: Pick<RunFacts, 'version' | 'mode' | 'shard'>,
  { clock, emit, signal }: Context,
  work: (onPhase: OnPhase) => Promise<void>,
): Promise<RunFacts> {
  const start = clock.now();
  const phases: PhaseTime[] = [];
  let aborted: string | undefined;
  emit({ type: 'run-started', mode: run.mode, version: run.version });
  try {
    await work((phase) => phases.push({ ...phase, start: phase.start - start }));
  } catch (error) {
    if (!signal.aborted) throw error;
    aborted = error instanceof Error ? error.message : String(error);
  }
  if (signal.aborted) aborted ??= (signal.reason as Error).message;
  const ms = clock.now() - start;
  emit({ type: 'run-ended', mode: run.mode, ms, aborted });
  return {
    version: run.version,
    mode: run.mode,
    started: new Date(start).toISOString(),
    ms,
    phases,
    aborted,
    shard: run.shard,
  };
}
