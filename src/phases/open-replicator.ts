import { mergedSignatures } from '../attest/signature-image.ts';
import type { Context } from '../pipeline/phase.ts';
import { copier } from '../registry/copy.ts';
import { attacher } from '../registry/referrers.ts';
import type { Pause, Registry } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';
import type { SubjectQueue } from '../registry/subject-queue.ts';
import { replicator, type Replicator } from '../replicas/replicator.ts';
import type { Traffic } from './traffic.ts';

/** What a replicator is made of. */
export type ReplicatorParts = { readonly registry: Registry; readonly pause: Pause; readonly queue: SubjectQueue };

/** Makes the replicator of a run, which counts on its `traffic` and reads each source once. */
export function openReplicator(
  { registry, pause, queue }: ReplicatorParts,
  source: SourceReader,
  traffic: Traffic,
  { clock }: Context,
): Replicator {
  return replicator({
    registry,
    source,
    copier: copier({ registry, source, pause, clock, meterOf: traffic.of }),
    attacher: attacher(registry, queue),
    merge: mergedSignatures,
    meterOf: traffic.of,
  });
}
