import { mergedSignatures } from '../../attest/attached/sig-image.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { copier } from '../../registry/copying/copier.ts';
import { attacher } from '../../registry/attaching/attacher.ts';
import type { Pause, Registry } from '../../registry/roles.ts';
import type { SourceReader } from '../../registry/source.ts';
import type { SubjectLock } from '../../registry/attaching/lock.ts';
import { replicator, type Replicator } from '../../mirroring/replicator.ts';
import type { Traffic } from '../reading/traffic.ts';

/** The parts of a replicator. */
export type ReplicatorParts = {
  readonly registry: Registry;
  readonly pause: Pause;
  readonly lock: SubjectLock;
  /** Returns true if attachments of a repository are routed. Default: none are. */
  readonly isRouted?: (repository: RepositoryName) => boolean;
};

/** Makes the replicator of a run, which counts its requests in `traffic` and reads each source once. */
export function openReplicator(
  { registry, pause, lock, isRouted }: ReplicatorParts,
  source: SourceReader,
  traffic: Traffic,
  { clock }: Context,
): Replicator {
  return replicator({
    registry,
    source,
    copier: copier({ registry, source, pause, clock, meterOf: traffic.of }),
    attacher: attacher(registry, lock, isRouted),
    merge: mergedSignatures,
    meterOf: traffic.of,
  });
}
